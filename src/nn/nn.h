#pragma once
/// nn: actor-critic networks, their optimiser, and the file that holds them.
///
/// Dense networks only, with gradients written out by hand. Start with:
///   network.h      ActorCritic: forward and backward passes over one flat array of parameters
///   q_network.h    QNetwork: the values of all actions, for DQN; one head or two (dueling)
///   adam.h         Adam over such an array
///   model_file.h   Stable-Baselines3's model file, written and read
///   tensor.h       NamedTensor, the form in which weights leave and enter
///   reference.h    the same network and its gradients in plain loops and double precision
/// Below them: layers.h, gemm.h and simd.h (kernels), layer_tensors.h, orthogonal.h (initial weights);
/// zip_archive.h, pickle.h and torch_file.h (the layers of the model file).
///
/// In: observations as float32 rows; bytes of a model file. Out: logits and values, gradients; bytes.
///
/// What always holds:
///   - fast and plain network agree to float32 precision, and the result for a row depends neither on the
///     batch it is in nor on the number of threads;
///   - names, shapes and order of tensors are Stable-Baselines3's, so a file means the same on both sides;
///   - a pickle is never executed, and a damaged or hostile model file ends in an Error;
///   - the same model gives the same bytes.
#include "nn/adam.h"
#include "nn/model_file.h"
#include "nn/network.h"
#include "nn/q_network.h"
#include "nn/reference.h"
#include "nn/tensor.h"
