"""Exact integer networks as PyTorch modules and back."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from marketplace.domain.errors import InvalidInput
from marketplace.domain.network import Layer, Network, Scales

__all__ = ["from_torch", "parameters_of", "to_torch"]


def to_torch(network: Network, dtype: torch.dtype = torch.float32) -> nn.Sequential:
    """Return Linear, or Linear - ReLU - Linear, whose parameters are the network's, as numbers of `dtype`.

    `from_torch` gives the same network back while integers stay below 2**23 (float32) or 2**52 (float64).
    """
    modules: list[nn.Module] = []
    for i, layer in enumerate(network.layers):
        outputs, inputs = layer.weight.shape
        # Created without storage: no draw from the global generator, and every number is set below.
        linear = nn.Linear(inputs, outputs, device="meta", dtype=dtype).to_empty(device="cpu")
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(layer.weight / network.scales.weight_scale))
            linear.bias.copy_(torch.from_numpy(layer.bias / network.scales.bias_scale(i)))
        modules += [nn.ReLU(), linear] if i else [linear]
    return nn.Sequential(*modules)


def from_torch(module: nn.Module, scales: Scales) -> Network:
    """Return the integer network nearest to `module`, a Linear or a Sequential of Linear, ReLU, Linear with biases.

    Raises:
        InvalidInput: another architecture, or parameters that are not finite.
    """
    linears = _linears(module)
    layers = []
    for i, linear in enumerate(linears):
        weight, bias = (_array(parameter) for parameter in (linear.weight, linear.bias))
        if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
            msg = "the model holds NaN or infinity: train it again with a lower learning rate"
            raise InvalidInput(msg)
        integers = (np.rint(weight * scales.weight_scale), np.rint(bias * scales.bias_scale(i)))
        layers.append(Layer(*(values.astype(np.int64) for values in integers)))
    return Network(tuple(layers), scales)


def parameters_of(module: nn.Module) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return float64[parameters] in the order of `Update.flat`: per layer the weights row by row, then the biases."""
    return np.concatenate([_array(p).ravel() for linear in _linears(module) for p in (linear.weight, linear.bias)])


def _linears(module: nn.Module) -> list[nn.Linear]:
    parts = list(module) if isinstance(module, nn.Sequential) else [module]
    kinds = [type(part) for part in parts]
    linears = [part for part in parts if isinstance(part, nn.Linear)]
    biased = all(isinstance(linear.bias, nn.Parameter) for linear in linears)
    if kinds not in ([nn.Linear], [nn.Linear, nn.ReLU, nn.Linear]) or not biased:
        names = " - ".join(kind.__name__ for kind in kinds)
        msg = f"a model of {names} is no exact network: use Linear, or Linear - ReLU - Linear, with biases"
        raise InvalidInput(msg)
    return linears


def _array(parameter: torch.Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return parameter.detach().to(torch.float64).numpy()
