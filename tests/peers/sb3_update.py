"""One update of Stable-Baselines3's PPO on a given rollout in a given order of rows.

    sb3_update.py FOLDER...

Each FOLDER holds before.zip and after.zip (the models before and after the same update elsewhere), the arrays of the
rollout with rows (step, lane), and the order of rows of every epoch. Prints a JSON list with one object a folder: the
largest absolute difference of each tensor after the update, how far the update moved the weights, and SB3's statistics.
"""

import json
import pathlib
import sys

import numpy
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.logger import Logger


def read(folder, name, dtype, *shape):
    return numpy.fromfile(folder / name, dtype=dtype).reshape(shape)


def swapped_rows(rows, steps, lanes):
    """SB3 flattens a rollout lane by lane, ours lies step by step."""
    return rows % lanes * steps + rows // lanes


def fill(buffer, folder, orders):
    steps, lanes = buffer.buffer_size, buffer.n_envs
    buffer.reset()
    buffer.observations[:] = read(folder, "observations.f32", numpy.float32, steps, lanes, -1)
    buffer.actions[:] = read(folder, "actions.i32", numpy.int32, steps, lanes, 1)
    for name in ["log_probs", "values", "advantages", "returns"]:
        getattr(buffer, name)[:] = read(folder, f"{name}.f32", numpy.float32, steps, lanes)
    buffer.pos, buffer.full = steps, True
    remaining = [swapped_rows(order, steps, lanes) for order in orders]
    get = buffer.get

    def get_in_order(batch_size=None):
        # Only the next permutation is ours; everything else is SB3's own code.
        original = numpy.random.permutation
        numpy.random.permutation = lambda count: remaining.pop(0)
        try:
            batches = get(batch_size)
            first = next(batches)
        finally:
            numpy.random.permutation = original
        yield first
        yield from batches

    buffer.get = get_in_order


def largest(tensors):
    return max(float(tensor.abs().max()) for tensor in tensors)


def steps_of(model):
    return {float(state["step"]) for state in model.policy.optimizer.state.values()}


def update(folder):
    model = PPO.load(folder / "before.zip", device="cpu")
    expected = PPO.load(folder / "after.zip", device="cpu")
    before = {name: tensor.clone() for name, tensor in model.policy.state_dict().items()}
    rows = model.n_steps * model.n_envs
    fill(model.rollout_buffer, folder, read(folder, "orders.u32", numpy.uint32, -1, rows).astype(numpy.int64))
    model.set_logger(Logger(folder=None, output_formats=[]))
    model.train()
    after = model.policy.state_dict()
    differences = {name: largest([tensor - after[name]]) for name, tensor in expected.policy.state_dict().items()}
    result = {name: float(value) for name, value in model.logger.name_to_value.items()}
    result["differences"] = differences
    result["largest_change"] = largest(after[name] - before[name] for name in before)
    result["optimizer_steps_differ"] = int(steps_of(model) != steps_of(expected))
    return result


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps([update(pathlib.Path(folder)) for folder in sys.argv[1:]]))
