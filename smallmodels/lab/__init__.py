"""The laboratory: a small Mistral-style decoder in PyTorch, provably the real architecture.

Read `config`, `attention`, `cache` and `model` in that order; they are one sitting. `corpus` invents a
language whose entropy is known, `train` teaches it to a model, `measure` times and weighs, `record` makes
the recorded experiments in `data/runs/`. Chapters 03 (grouped queries) and 04 (sliding windows) stand on
it.
"""
