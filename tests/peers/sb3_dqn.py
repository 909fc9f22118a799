"""The side of Stable-Baselines3 in the comparisons of DQN.

    sb3_dqn.py update FOLDER...        one update on a given batch; FOLDER holds before.zip and after.zip (the models before
                                       and after the same update elsewhere) and the batch's arrays. Prints a JSON list: the
                                       largest difference of each tensor, how far the update moved the weights, the loss
    sb3_dqn.py predict MODEL OBSERVATIONS RESULT   action values and greedy action of every row, by DQN.load
    sb3_dqn.py continue MODEL SAVED    loads with an environment, learns on, saves; prints the optimiser's steps before
                                       and after
    sb3_dqn.py train MODEL 5,4 relu    a small model, trained and saved
    sb3_dqn.py signal STEPS SEEDS      trains in the market of a predictable signal that dqn_peer_test.cpp names, with its
                                       hyper-parameters; prints the average reward of each seed's greedy policy

Several commands may follow each other, each after "then".
"""

import json
import pathlib
import sys

import gymnasium
import numpy
import torch
from stable_baselines3 import DQN
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.type_aliases import ReplayBufferSamples

from sb3_model import Walk


def read(folder, name, dtype, *shape):
    return torch.as_tensor(numpy.fromfile(folder / name, dtype=dtype).reshape(shape))


def largest(tensors):
    return max(float(tensor.abs().max()) for tensor in tensors)


def steps_of(model):
    steps = {float(state["step"]) for state in model.policy.optimizer.state.values()}
    assert len(steps) <= 1
    return int(steps.pop()) if steps else 0


class GivenBatch:
    """In place of the replay buffer; everything else is SB3's own code."""

    def __init__(self, folder):
        self.batch = ReplayBufferSamples(
            observations=self.rows(folder, "observations.f32", numpy.float32),
            actions=self.rows(folder, "actions.i32", numpy.int32),
            next_observations=self.rows(folder, "next_observations.f32", numpy.float32),
            dones=self.rows(folder, "dones.f32", numpy.float32),
            rewards=self.rows(folder, "rewards.f32", numpy.float32),
            discounts=self.rows(folder, "discounts.f32", numpy.float32),
        )

    @staticmethod
    def rows(folder, name, dtype):
        rows = len(numpy.fromfile(folder / "rewards.f32", numpy.float32))
        return read(folder, name, dtype, rows, -1)

    def sample(self, batch_size, env=None):
        assert batch_size == len(self.batch.rewards)
        return self.batch


def update_one(folder):
    model = DQN.load(folder / "before.zip", device="cpu")
    expected = DQN.load(folder / "after.zip", device="cpu")
    before = {name: tensor.clone() for name, tensor in model.policy.state_dict().items()}
    model.replay_buffer = GivenBatch(folder)
    model.set_logger(Logger(folder=None, output_formats=[]))
    model.train(gradient_steps=1, batch_size=model.batch_size)
    after = model.policy.state_dict()
    return {
        "differences": {name: largest([tensor - after[name]]) for name, tensor in expected.policy.state_dict().items()},
        "largest_change": largest(after[name] - before[name] for name in before),
        "loss": float(model.logger.name_to_value["train/loss"]),
        "optimizer_steps_differ": int(steps_of(model) != steps_of(expected)),
    }


def update(*folders):
    print(json.dumps([update_one(pathlib.Path(folder)) for folder in folders]))


def predict(path, observations_path, result_path):
    model = DQN.load(path, device="cpu")
    observations = numpy.loadtxt(observations_path, dtype=numpy.float32, ndmin=2)
    with torch.no_grad():
        values = model.q_net(torch.as_tensor(observations)).numpy()
    actions, _ = model.predict(observations, deterministic=True)
    numpy.savetxt(result_path, numpy.hstack([values, actions.reshape(-1, 1)]), fmt="%.9g")


def continue_training(path, saved_path):
    sizes = DQN.load(path, device="cpu")
    env = Walk(sizes.observation_space.shape[0], int(sizes.action_space.n))
    model = DQN.load(path, env=env, device="cpu")
    before = steps_of(model)
    timesteps = model.num_timesteps
    model.learn(400, reset_num_timesteps=False)
    assert model.num_timesteps == timesteps + 400
    model.save(saved_path)
    print(before, steps_of(model))


def train(path, widths, activation):
    model = DQN(
        "MlpPolicy",
        Walk(observation_size=7, action_count=3),
        buffer_size=1000,
        seed=1,
        device="cpu",
        policy_kwargs={
            "net_arch": [int(width) for width in widths.split(",") if width],
            "activation_fn": {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[activation],
        },
    )
    model.learn(500)
    model.save(path)


class Signal(gymnasium.Env):
    """The market of src/env/known_optimum.h: x <- 0.9 x + e, positions -1, 0, 1, 0.2 a unit traded."""

    decay, deviation, cost, length = 0.9, 0.2**0.5, 0.2, 200
    stationary = deviation / (1 - decay**2) ** 0.5
    observation_space = gymnasium.spaces.Box(-numpy.inf, numpy.inf, (2,), numpy.float32)
    action_space = gymnasium.spaces.Discrete(3)

    def __init__(self, seed):
        self.random = numpy.random.default_rng(seed)

    def observe(self):
        return numpy.array([self.signal / self.stationary, self.position], numpy.float32)

    def reset(self, seed=None, options=None):
        self.signal, self.position, self.left = self.stationary * self.random.standard_normal(), 0, self.length
        return self.observe(), {}

    def step(self, action):
        position = int(action) - 1
        reward = self.signal * position - self.cost * abs(position - self.position)
        self.position = position
        self.signal = self.decay * self.signal + self.deviation * self.random.standard_normal()
        self.left -= 1
        return self.observe(), reward, False, self.left == 0, {}


def average_reward(model, steps=100_000, lanes=200):
    """Of the greedy policy, in many lanes at once."""
    random = numpy.random.default_rng(12345)
    signal, position, total = Signal.stationary * random.standard_normal(lanes), numpy.zeros(lanes), 0.0
    for _ in range(steps // lanes):
        rows = numpy.stack([signal / Signal.stationary, position], axis=1).astype(numpy.float32)
        wanted = model.predict(rows, deterministic=True)[0] - 1.0
        total += (signal * wanted - Signal.cost * abs(wanted - position)).sum()
        position = wanted
        signal = Signal.decay * signal + Signal.deviation * random.standard_normal(lanes)
    return total / (steps // lanes * lanes)


def signal(steps, seeds):
    rewards = []
    for seed in range(1, int(seeds) + 1):
        model = DQN(
            "MlpPolicy",
            Signal(seed),
            learning_rate=1e-3,
            buffer_size=1_000_000,
            gamma=0.9,
            learning_starts=500,
            target_update_interval=500,
            exploration_fraction=0.3,
            policy_kwargs={"net_arch": [32, 32]},
            seed=seed,
            device="cpu",
        )
        model.learn(int(steps))
        rewards.append(average_reward(model))
    print(json.dumps(rewards))


if __name__ == "__main__":
    torch.set_num_threads(1)
    commands = {"update": update, "predict": predict, "continue": continue_training, "train": train, "signal": signal}
    words = sys.argv[1:]
    while words:
        end = words.index("then") if "then" in words else len(words)
        commands[words[0]](*words[1:end])
        words = words[end + 1 :]
