-- How a custom channel is defined, as JSON (model/channel.py); NULL: nobody has said, so it is durable.

ALTER TABLE channels ADD COLUMN definition TEXT;
