"""What tools read of the hub: OpenAPI and AsyncAPI, made from what the code runs on."""
