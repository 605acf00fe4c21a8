"""Every classification family of torchvision × every method: right, or not defined and why.

What nbviz computes is compared with references that share nothing with it: plain autograd on the original model, loops,
closed forms, functions replaced on the original. `python -m tools.families` writes docs/families.md.
"""
