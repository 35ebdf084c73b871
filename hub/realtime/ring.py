"""The ring: a channel's newest frames in memory, so that most who return need no disk."""

from hub.realtime.frames import Frame


class Ring:
    """Frames of contiguous offsets, the oldest let go first.

    Args:
        max_frames: How many are kept at most.
        max_bytes: How many bytes of payload they may be at most.
    """

    def __init__(self, max_frames: int, max_bytes: int) -> None:
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._frames: dict[int, Frame] = {}
        self._bytes = 0
        self.first = 1

    def append(self, offset: int, frame: Frame) -> None:
        """Add the frame after the last; anything but the next offset starts the ring anew."""
        if offset != self.first + len(self._frames):
            self._frames.clear()
            self._bytes = 0
            self.first = offset
        self._frames[offset] = frame
        self._bytes += len(frame.payload)
        while len(self._frames) > self._max_frames or self._bytes > self._max_bytes:
            self._bytes -= len(self._frames.pop(self.first).payload)
            self.first += 1

    def after(self, offset: int, upto: int, max_bytes: int) -> list[Frame] | None:
        """Return frames that follow `offset`, some `max_bytes` of them and none above `upto`.

        None when the ring does not hold the next one any more; at least one frame otherwise.
        """
        if offset + 1 < self.first or upto >= self.first + len(self._frames):
            return None
        found: list[Frame] = []
        size = 0
        while offset < upto and size < max_bytes:
            offset += 1
            frame = self._frames[offset]
            found.append(frame)
            size += len(frame.payload)
        return found
