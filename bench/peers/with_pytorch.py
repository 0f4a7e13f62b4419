"""PyTorch: its recurrent layers called eagerly, or loops over steps through torch.compile.

torch.compile leaves torch.nn's recurrent layers as they are. So the compiled side is the layer as a
program: one product over all steps, then the steps, up to ten unrolled in one compiled function (a
hundred would take minutes to compile). The GRU whose reset gate acts before the product has no layer
in PyTorch, so that the eager side is the same loop there, uncompiled.
"""
import torch


def cell_rnn(p, h, _c, U, _u):
    return torch.tanh(torch.addmm(p, h, U)), None


def cell_lstm(p, h, c, U, _u):
    i, f, g, o = torch.addmm(p, h, U).chunk(4, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def cell_gru(p, h, _c, U, _u):
    H = h.shape[1]
    r, z = torch.sigmoid(torch.addmm(p[:, :2 * H], h, U[:, :2 * H])).chunk(2, 1)
    n = torch.tanh(torch.addmm(p[:, 2 * H:], r * h, U[:, 2 * H:]))
    return z * h + (1 - z) * n, None


def cell_lbr_gru(p, h, _c, U, u):
    H = h.shape[1]
    r, z = torch.sigmoid(torch.addmm(p[:, :2 * H], h, U[:, :2 * H])).chunk(2, 1)
    n = torch.tanh(p[:, 2 * H:] + r * torch.addmm(u, h, U[:, 2 * H:]))
    return z * h + (1 - z) * n, None


CELLS = {"rnn": cell_rnn, "lstm": cell_lstm, "gru": cell_gru, "lbr_gru": cell_lbr_gru}


def as_loop(problem, compiled):
    """The layer as a function of its arrays, which are those of bench::Problem."""
    cell, G, H = CELLS[problem.cell], problem.G, problem.H
    at_once = max(n for n in range(1, 11) if problem.T % n == 0)

    def some_steps(products, h, c, U, u):
        outputs = []
        for p in products.unbind(0):
            h, c = cell(p, h, c, U, u)
            outputs.append(h)
        return torch.stack(outputs), h, c

    if compiled:
        some_steps = torch.compile(some_steps, dynamic=False)

    def layer(x, h, c, W, U, b):
        products = x @ W.reshape(G * H, -1).t() + b[:G].reshape(-1)
        U = U.reshape(G * H, H).t()
        u = b[G] if len(b) > G else None
        outputs = []
        for some in products.split(at_once):
            y, h, c = some_steps(some, h, c, U, u)
            outputs.append(y)
        return torch.cat(outputs), h, c

    return layer, f"{at_once} steps compiled" if compiled else "a loop"


class Library:
    def __init__(self, side, threads):
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        self.compiled = side == "pytorch-compile"
        self.version = torch.__version__
        self.problem = None

    def prepare(self, p, work):
        training = work == "training-step"
        if p is not self.problem:
            torch._dynamo.reset()  # compiled functions of the layer before
            self.problem = p
        if self.compiled or p.cell == "gru":
            how, call, arrays = self.loop(p)
        else:
            how, call, arrays = self.layer(p)
        dy = torch.from_numpy(p.dy)
        for array in arrays.values():
            array.requires_grad_(training)

        def forward():
            with torch.inference_mode():
                return call()

        def step():
            outputs = call()
            return outputs, torch.autograd.grad(outputs[0], list(arrays.values()), dy)

        def fetch(result):
            outputs, gradients = result if training else (result, ())
            return [a.detach().numpy() for a in outputs if a is not None] + in_order(
                dict(zip(arrays, (g.numpy() for g in gradients))), p)

        return how, step if training else forward, fetch

    def loop(self, p):
        layer, how = as_loop(p, self.compiled)
        arrays = {name: torch.from_numpy(getattr(p, name).copy())
                  for name in ("x", "h0", "c0", "W", "U", "b") if getattr(p, name) is not None}
        given = [arrays.get(name) for name in ("x", "h0", "c0", "W", "U", "b")]
        return how, lambda: layer(*given), arrays

    def layer(self, p):
        kind = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "lbr_gru": torch.nn.GRU}[p.cell]
        layer = kind(p.I, p.H)
        biases, recurrent = p.two_biases()
        with torch.no_grad():
            layer.weight_ih_l0.copy_(torch.from_numpy(p.W.reshape(-1, p.I)))
            layer.weight_hh_l0.copy_(torch.from_numpy(p.U.reshape(-1, p.H)))
            layer.bias_ih_l0.copy_(torch.from_numpy(biases.reshape(-1)))
            layer.bias_hh_l0.copy_(torch.from_numpy(recurrent.reshape(-1)))
        x, h0 = torch.from_numpy(p.x.copy()), torch.from_numpy(p.h0.copy())[None]
        arrays = {"x": x, "h0": h0}
        if p.lstm:
            arrays["c0"] = torch.from_numpy(p.c0.copy())[None]
        states = (h0, arrays["c0"]) if p.lstm else h0
        arrays.update(W=layer.weight_ih_l0, U=layer.weight_hh_l0, b=layer.bias_ih_l0,
                      recurrent=layer.bias_hh_l0)

        def call():
            y, last = layer(x, states)
            return (y, *last) if p.lstm else (y, last)

        return f"torch.nn.{kind.__name__}", call, arrays


def in_order(gradients, p):
    """The gradients in the order of bench::Result."""
    import numpy as np
    if not gradients:
        return []
    b = gradients["b"].reshape(-1, p.H)
    if p.cell == "lbr_gru" and "recurrent" in gradients:
        b = np.concatenate([b, gradients["recurrent"].reshape(-1, p.H)[2:]])
    states = ["h0", "c0"] if p.lstm else ["h0"]
    return [gradients["x"]] + [gradients[s] for s in states] + [gradients["W"], gradients["U"], b]
