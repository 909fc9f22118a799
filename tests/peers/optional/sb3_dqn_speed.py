"""Steps a second of Stable-Baselines3's DQN with its defaults, for docs/benchmarks.md: 104 observation values, 3 actions, one
environment that costs next to nothing, one thread. `sb3_dqn_speed.py [STEPS]`"""

import sys
import time

import gymnasium
import numpy
import torch
from stable_baselines3 import DQN


class Free(gymnasium.Env):
    """Observations from a table, so that only the learner takes time."""

    observation_space = gymnasium.spaces.Box(-numpy.inf, numpy.inf, (104,), numpy.float32)
    action_space = gymnasium.spaces.Discrete(3)

    def __init__(self):
        self.table = numpy.random.default_rng(1).standard_normal((64396, 104)).astype(numpy.float32)
        self.at = 0

    def reset(self, seed=None, options=None):
        self.left = 720
        return self.table[self.at], {}

    def step(self, action):
        self.at = (self.at + 1) % len(self.table)
        self.left -= 1
        return self.table[self.at], 0.001 * (int(action) - 1), False, self.left == 0, {}


torch.set_num_threads(1)
steps = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
model = DQN("MlpPolicy", Free(), device="cpu", seed=1)
model.learn(1_000)
wall, processor = time.perf_counter(), time.process_time()
model.learn(steps, reset_num_timesteps=False)
wall, processor = time.perf_counter() - wall, time.process_time() - processor
print(f"{steps / wall:.0f} steps/s, {steps / processor:.0f} a second of processor time")
