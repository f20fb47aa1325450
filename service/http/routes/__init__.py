"""One module per endpoint group of `/v1`; each declares what it returns and with which errors."""
