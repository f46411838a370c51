"""The laboratory: a small Mistral-style decoder in PyTorch, provably the real architecture.

Read `config`, `rotary`, `attention`, `cache` and `model` in that order; they are one sitting. `config_json`
and `checkpoint` read what others trained, `steps` makes a decoding step that compilers and CUDA graphs can
take, `quantised` stores weights in 8 and 4 bits. `corpus` invents a language whose entropy is known, `train`
teaches it to a model, `sweep` does so 75 times. `measure` times and weighs, `record` makes the recorded
experiments of `experiments`, `cards` and `card_steps` in `data/runs/`. Chapters 03 (grouped queries) and 04
(sliding windows) stand on it.
"""
