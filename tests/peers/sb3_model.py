"""The side of Stable-Baselines3 in the comparison of model files.

    sb3_model.py predict MODEL OBSERVATIONS RESULT   probabilities and value of every row, by PPO.load
    sb3_model.py weights FILE OBSERVATIONS RESULT    the same by torch.load(weights_only=True) and plain tensor operations
    sb3_model.py train MODEL pi=5,4 vf=6 relu        a small model, trained for two updates and saved
    sb3_model.py continue MODEL SAVED                loads with an environment, learns on, saves; prints the
                                                     optimiser's steps before and after

OBSERVATIONS and RESULT are text, one row of numbers a line. Several commands may follow each other, each after "then":
starting Python with PyTorch takes longer than all of them.
"""

import sys

import gymnasium
import numpy
import torch
from stable_baselines3 import PPO


class Walk(gymnasium.Env):
    """Random observations; the reward is the chosen action times the first of them."""

    def __init__(self, observation_size, action_count):
        self.observation_space = gymnasium.spaces.Box(-numpy.inf, numpy.inf, (observation_size,), numpy.float32)
        self.action_space = gymnasium.spaces.Discrete(action_count)
        self.random = numpy.random.default_rng(1)

    def observe(self):
        self.observation = self.random.standard_normal(self.observation_space.shape).astype(numpy.float32)
        return self.observation

    def reset(self, seed=None, options=None):
        self.left = 20
        return self.observe(), {}

    def step(self, action):
        reward = float(self.observation[0]) * int(action)
        self.left -= 1
        return self.observe(), reward, False, self.left == 0, {}


def predict(path, observations_path, result_path):
    model = PPO.load(path, device="cpu")
    observations = numpy.loadtxt(observations_path, dtype=numpy.float32, ndmin=2)
    with torch.no_grad():
        batch = torch.as_tensor(observations)
        probabilities = model.policy.get_distribution(batch).distribution.probs.numpy()
        values = model.policy.predict_values(batch).numpy()
    actions, _ = model.predict(observations, deterministic=True)
    assert (actions == probabilities.argmax(axis=1)).all()
    numpy.savetxt(result_path, numpy.hstack([probabilities, values]), fmt="%.9g")


def weights(path, observations_path, result_path):
    state = torch.load(path, weights_only=True)
    observations = torch.as_tensor(numpy.loadtxt(observations_path, dtype=numpy.float32, ndmin=2))

    def net(layers, head):
        hidden, layer = observations, 0
        while f"mlp_extractor.{layers}.{layer}.weight" in state:
            name = f"mlp_extractor.{layers}.{layer}"
            hidden = torch.tanh(torch.nn.functional.linear(hidden, state[f"{name}.weight"], state[f"{name}.bias"]))
            layer += 2
        return torch.nn.functional.linear(hidden, state[f"{head}.weight"], state[f"{head}.bias"])

    probabilities = torch.softmax(net("policy_net", "action_net"), dim=1)
    numpy.savetxt(result_path, torch.hstack([probabilities, net("value_net", "value_net")]).numpy(), fmt="%.9g")


def train(path, policy_widths, value_widths, activation):
    def widths(text):
        return [int(width) for width in text.split("=")[1].split(",") if width]

    model = PPO(
        "MlpPolicy",
        Walk(observation_size=7, action_count=3),
        n_steps=64,
        batch_size=32,
        seed=1,
        device="cpu",
        policy_kwargs={
            "net_arch": {"pi": widths(policy_widths), "vf": widths(value_widths)},
            "activation_fn": {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[activation],
        },
    )
    model.learn(128)
    model.save(path)


def optimizer_steps(model):
    steps = {float(state["step"]) for state in model.policy.optimizer.state.values()}
    assert len(steps) <= 1
    return int(steps.pop()) if steps else 0


def continue_training(path, saved_path):
    sizes = PPO.load(path, device="cpu")
    env = Walk(sizes.observation_space.shape[0], int(sizes.action_space.n))
    model = PPO.load(path, env=env, device="cpu")
    before = optimizer_steps(model)
    moments = [state["exp_avg"].abs().sum().item() for state in model.policy.optimizer.state.values()]
    assert before == 0 or all(moment > 0 for moment in moments)
    timesteps = model.num_timesteps
    model.learn(2 * model.n_steps, reset_num_timesteps=False)
    assert model.num_timesteps == timesteps + 2 * model.n_steps
    model.save(saved_path)
    print(before, optimizer_steps(model))


if __name__ == "__main__":
    torch.set_num_threads(1)
    words = sys.argv[1:]
    while words:
        end = words.index("then") if "then" in words else len(words)
        {"predict": predict, "weights": weights, "train": train, "continue": continue_training}[words[0]](*words[1:end])
        words = words[end + 1 :]
