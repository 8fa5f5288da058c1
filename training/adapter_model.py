"""SmolLM2 (the llama architecture) in torch as its GGUF file has it, with low-rank weights beside each projection.

Tensors keep the names and the row order of the file: llama.cpp turns neighbouring numbers of a query or key by the
rotary angle, and so does this code. Nothing has to be permuted when the adapter is written.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from torch.nn import functional

PROJECTIONS = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a model."""

    layers: int
    heads: int
    kv_heads: int
    turn: float
    epsilon: float


class _Projection(torch.autograd.Function):
    """`x` times a frozen weight and a trained pair; in place, as two cores spend half their time on copies."""

    @staticmethod
    def forward(ctx: Any, x: Any, weight: Any, a: Any, b: Any, scale: float) -> Any:
        a, b = a.to(x.dtype), (b * scale).to(x.dtype)
        inner = x @ a.t()
        ctx.save_for_backward(x, weight, a, b, inner)
        ctx.scale = scale
        return (x @ weight.t()).addmm_(inner, b.t())

    @staticmethod
    def backward(ctx: Any, slope: Any) -> Any:
        x, weight, a, b, inner = ctx.saved_tensors
        slope = slope.contiguous()
        inward = slope @ b
        to_x = (slope @ weight).addmm_(inward, a) if ctx.needs_input_grad[0] else None
        return to_x, None, (inward.t() @ x).float(), (slope.t() @ inner).float() * ctx.scale, None


class Adapted(torch.nn.Module):
    """The frozen base in `dtype` and, where `rank` is not 0, trained pairs A (rank, in) and B (out, rank), fp32."""

    def __init__(self, file: Path, *, rank: int, alpha: float, dtype: torch.dtype = torch.bfloat16) -> None:
        super().__init__()
        reader = gguf.GGUFReader(file)
        told = {name: field.contents() for name, field in reader.fields.items() if name.startswith("llama.")}
        self.shape = Shape(
            told["llama.block_count"],
            told["llama.attention.head_count"],
            told["llama.attention.head_count_kv"],
            told.get("llama.rope.freq_base", 10_000.0),
            told["llama.attention.layer_norm_rms_epsilon"],
        )
        self.end = int(reader.fields["tokenizer.ggml.eos_token_id"].contents())
        self.base: dict[str, Any] = {}
        for tensor in reader.tensors:
            values = torch.from_numpy(gguf.quants.dequantize(tensor.data, tensor.tensor_type).copy())
            self.base[tensor.name] = values if values.ndim == 1 else values.to(dtype)
        self.rank, self.alpha, self.dtype = rank, alpha, dtype
        self.lora = torch.nn.ParameterDict()
        for layer in range(self.shape.layers if rank else 0):
            for name in PROJECTIONS:
                rows, columns = self.base[f"blk.{layer}.{name}.weight"].shape
                key = f"blk_{layer}_{name}"  # a dot is not allowed here
                self.lora[f"{key}_a"] = torch.nn.Parameter(torch.randn(rank, columns) / math.sqrt(columns))
                self.lora[f"{key}_b"] = torch.nn.Parameter(torch.zeros(rows, rank))

    def _project(self, layer: int, name: str, x: Any) -> Any:
        weight = self.base[f"blk.{layer}.{name}.weight"]
        if not self.rank:
            return x @ weight.t()
        a, b = (self.lora[f"blk_{layer}_{name}_{which}"] for which in "ab")
        return _Projection.apply(x, weight, a, b, self.alpha / self.rank)

    def _norm(self, x: Any, name: str) -> Any:
        x = x.float()
        scale = torch.rsqrt(x.square().mean(-1, keepdim=True) + self.shape.epsilon)
        return (x * scale * self.base[name]).to(self.dtype)

    def forward(self, ids: Any, positions: Any, shared: int, mask: Any) -> Any:
        """The last states (rows, tokens, width).

        The first `shared` tokens are a plain text; which token each of the others may look at is in
        `mask` (rows, 1, others, tokens).
        """
        of = self.shape
        rows, length = ids.shape
        x = self.base["token_embd.weight"][ids].flatten(0, 1)
        size = x.shape[-1] // of.heads
        angles = positions[..., None] * of.turn ** (-torch.arange(0, size, 2) / size)
        turns = torch.polar(torch.ones_like(angles), angles)[:, :, None]

        def heads(said: Any, count: int, *, turned: bool) -> Any:
            said = said.view(rows, length, count, size)
            if turned:
                pairs = torch.view_as_complex(said.float().unflatten(-1, (-1, 2)))
                said = torch.view_as_real(pairs * turns).flatten(-2).to(self.dtype)
            return said.repeat_interleave(of.heads // count, 2).transpose(1, 2)

        def attended(q: Any, k: Any, v: Any) -> Any:
            first = functional.scaled_dot_product_attention(
                q[:, :, :shared], k[:, :, :shared], v[:, :, :shared], is_causal=True
            )
            if shared == length:
                return first
            weights = (q[:, :, shared:] @ k.transpose(-1, -2)).float() / math.sqrt(size)
            weights = weights.masked_fill(~mask, -1e9).softmax(-1).to(self.dtype)
            return torch.cat([first, weights @ v], 2)

        for layer in range(of.layers):
            normed = self._norm(x, f"blk.{layer}.attn_norm.weight")
            q = heads(self._project(layer, "attn_q", normed), of.heads, turned=True)
            k = heads(self._project(layer, "attn_k", normed), of.kv_heads, turned=True)
            v = heads(self._project(layer, "attn_v", normed), of.kv_heads, turned=False)
            seen = attended(q, k, v).transpose(1, 2).reshape(rows * length, -1)
            x = x + self._project(layer, "attn_output", seen)
            normed = self._norm(x, f"blk.{layer}.ffn_norm.weight")
            gated = functional.silu(self._project(layer, "ffn_gate", normed))
            x = x + self._project(layer, "ffn_down", gated * self._project(layer, "ffn_up", normed))
        return self._norm(x, "output_norm.weight").view(rows, length, -1)

    def logits(self, states: Any) -> Any:
        """What each of `states` says of the next token."""
        head = self.base.get("output.weight", self.base["token_embd.weight"])
        return (states @ head.t()).float()

    def read(self, ids: Sequence[int]) -> Any:
        """The logits after each token of a plain text."""
        with torch.no_grad():
            states = self(torch.tensor([ids]), torch.arange(len(ids))[None], len(ids), None)
            return self.logits(states)[0]


def write_adapter(model: Adapted, path: Path, *, name: str) -> None:
    """The trained pairs as a GGUF adapter in f16, as llama.cpp loads it."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", model.alpha)
    writer.add_name(name)
    writer.add_license("Apache-2.0")
    for layer in range(model.shape.layers):
        for projection in PROJECTIONS:
            for which in "ab":
                values = model.lora[f"blk_{layer}_{projection}_{which}"].detach().numpy().astype(np.float16)
                writer.add_tensor(f"blk.{layer}.{projection}.weight.lora_{which}", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
