"""Settings: read once from the environment, typed, with units in their names.

The seeds' names stay bare (`PORT`, `DATABASE_URL`); our own begin with `HUB_`, so that a typo
can be told from somebody else's variable. `docs/settings.md` lists them; a test compares.

* `fields`    everything that can be set; `identity` those of who may come in
* `loading`   from the environment, and from `files`
* `safety`    what the hub does not start with; `strength` secrets that could be guessed
"""

from hub.settings.fields import (
    DEFAULT_DATABASE_URL as DEFAULT_DATABASE_URL,
    LOOPBACK as LOOPBACK,
    Settings as Settings,
)
from hub.settings.loading import Name as Name, load as load, names as names
from hub.settings.secret import Secret as Secret
