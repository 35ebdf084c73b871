"""The composition root: the one place that knows every concrete class, and builds in order.

* `opening` the log and the broker that the settings name
* `node`    one running process, from start to stop; `working` one that only sends webhooks
* `identity` the sources of credentials that the settings name
* `doors`   what takes clients: sockets, streams and HTTP, by the same rules; `resources` what the
  routes lead to, `inside` what of the node they are given
"""

from hub.app.node import Node as Node
from hub.app.opening import (
    create as create,
    create_worker as create_worker,
    open_log as open_log,
)
