"""The load generator behind `hub bench`: many subscribers, some publishers, one report.

Nothing here knows how it is shown. Subscribers count frames by their headers; a few of them, the
sample, are read in full for latency and order. Publishers post over kept-alive connections.
"""
