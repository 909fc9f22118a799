#pragma once
/// app: the use cases. What a front end may call, and nothing else.
///
/// Each use case takes one struct that says what is wanted, does the work with the folders above, writes its
/// files and returns what there is to show. Start with:
///   config.h       the configuration of the whole program
///   data.h         check, resample, synthesise and download bars
///   predict.h      what a policy thinks of bars or raw observations
///   model_card.h   what travels in a model file beside the weights
/// The other headers are use cases of the commands of the same name.
///
/// What always holds:
///   - bad input ends in stevie::Error, before any output is touched;
///   - a file appears under its name only when it is complete; logs that grow are the exception;
///   - nothing is printed here but progress, to the stream that was passed in.
#include "app/config.h"
#include "app/data.h"
#include "app/model_card.h"
#include "app/predict.h"
