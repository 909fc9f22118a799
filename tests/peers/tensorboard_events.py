"""Prints every scalar of a TensorBoard run folder, as the real tensorboard package reads it: tag step value time."""

import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
events.Reload()
assert events.file_version == 2.0, events.file_version
for tag in events.Tags()["scalars"]:
    for event in events.Scalars(tag):
        print(tag, event.step, repr(event.value), repr(event.wall_time))
