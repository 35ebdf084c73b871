"""What a hub is compared with, each as small as people write it.

A POST passes its body on to every subscriber. None of them keeps anything on disk, orders events
or resumes a connection; the hub does all of it in the same run.
"""
