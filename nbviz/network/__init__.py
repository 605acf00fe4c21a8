"""The network under the microscope: shadow, addressed layers, taps, preprocessing, predictions."""

from .layers import Layer, Layout, Stop
from .network import Network, Prediction
from .outline import Node

__all__ = ["Layer", "Layout", "Network", "Node", "Prediction", "Stop"]
