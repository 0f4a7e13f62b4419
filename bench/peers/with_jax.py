"""JAX: the steps as a lax.scan behind one product over all of them, compiled by XLA as a whole;
gradients by jax.vjp inside of the compiled function."""
import os
import sys

# Read when jax is imported.
if int(sys.argv[2]) == 1:
    os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false"
os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import jax.numpy as jnp
import numpy as np
from jax.nn import sigmoid


def cell_rnn(states, p, U, _u):
    (h,) = states
    return (jnp.tanh(p + h @ U),)


def cell_lstm(states, p, U, _u):
    h, c = states
    i, f, g, o = jnp.split(p + h @ U, 4, 1)
    c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
    return sigmoid(o) * jnp.tanh(c), c


def cell_gru(states, p, U, _u):
    (h,) = states
    H = h.shape[1]
    r, z = jnp.split(sigmoid(p[:, :2 * H] + h @ U[:, :2 * H]), 2, 1)
    n = jnp.tanh(p[:, 2 * H:] + (r * h) @ U[:, 2 * H:])
    return (z * h + (1 - z) * n,)


def cell_lbr_gru(states, p, U, u):
    (h,) = states
    H = h.shape[1]
    product = h @ U
    r, z = jnp.split(sigmoid(p[:, :2 * H] + product[:, :2 * H]), 2, 1)
    n = jnp.tanh(p[:, 2 * H:] + r * (product[:, 2 * H:] + u))
    return (z * h + (1 - z) * n,)


CELLS = {"rnn": cell_rnn, "lstm": cell_lstm, "gru": cell_gru, "lbr_gru": cell_lbr_gru}


class Library:
    def __init__(self, _side, _threads):
        self.version = jax.__version__

    def prepare(self, p, work):
        cell, G, H = CELLS[p.cell], p.G, p.H
        # Weights as a JAX program has them: [inputs, gates], so that no step transposes.
        W, U = (jnp.asarray(a.transpose(2, 0, 1).reshape(-1, G * H)) for a in (p.W, p.U))
        states = tuple(jnp.asarray(s) for s in (p.h0, p.c0) if s is not None)
        dy = jnp.asarray(p.dy)

        def layer(x, states, W, U, b):
            products = x @ W + b[:G].reshape(-1)
            u = b[G] if len(b) > G else None

            def step(states, product):
                states = cell(states, product, U, u)
                return states, states[0]

            last, y = jax.lax.scan(step, states, products)
            return y, last

        def training_step(dy, *arrays):
            y, pull, last = jax.vjp(layer, *arrays, has_aux=True)
            return (y, last), pull(dy)

        arrays = (jnp.asarray(p.x), states, W, U, jnp.asarray(p.b))

        def per_gate(d):
            return np.asarray(d).reshape(-1, G, H).transpose(1, 2, 0)

        def outputs(result):
            y, last = result
            return [np.asarray(a) for a in (y, *last)]

        def fetch_training(result):
            forward, (dx, dstates, dW, dU, db) = result
            return outputs(forward) + [np.asarray(a) for a in (dx, *dstates)] + [
                per_gate(dW), per_gate(dU), np.asarray(db)]

        if work == "training-step":
            compiled, fetch, arrays = jax.jit(training_step), fetch_training, (dy, *arrays)
        else:
            compiled, fetch = jax.jit(layer), outputs
        return "lax.scan", lambda: jax.block_until_ready(compiled(*arrays)), fetch
