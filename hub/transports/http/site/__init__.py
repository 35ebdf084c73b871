"""What people read of the hub: the dashboard, the documents, pages on errors and settings.

All of it is made once, at the start, from the files of `hub/web` and from the code.
"""
