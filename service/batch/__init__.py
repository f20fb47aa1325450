"""Many pictures without HTTP: seeds drawn, and folders or zips translated, each to the bytes that the API gives.

`command` reads the command line, `render` and `translate` do the work on this machine, `cluster` by Ray Data; `sources`
are where pictures come from, `sinks` where files go, and `record` what keeps two runs apart.
"""
