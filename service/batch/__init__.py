"""Batch runs without HTTP: generate seeds, or translate folders and zips, with the same bytes as the API.

`command` parses the command line. `render` and `translate` run on this machine, `cluster` on Ray Data. `sources` read
images, `sinks` write files, and `record` saves a run's options, so that only the same run resumes.
"""
