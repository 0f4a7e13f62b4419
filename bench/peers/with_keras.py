"""Keras on TensorFlow: its recurrent layers in a tf.function, gradients by a tape inside of it."""
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
import tensorflow as tf
from worker import Missing

# Gates of bench::Problem in Keras's order: i f g o, and z r h.
ORDERS = {"rnn": [0], "lstm": [0, 1, 2, 3], "gru": [1, 0, 2], "lbr_gru": [1, 0, 2]}


class Library:
    def __init__(self, _side, threads):
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        self.version = f"{keras.__version__} on TensorFlow {tf.__version__}"

    def prepare(self, p, work):
        order = ORDERS[p.cell]
        options = dict(return_sequences=True, return_state=True)
        if p.cell == "rnn":
            layer = keras.layers.SimpleRNN(p.H, **options)
        elif p.lstm:
            layer = keras.layers.LSTM(p.H, **options)
        else:
            layer = keras.layers.GRU(p.H, reset_after=p.cell == "lbr_gru", **options)
        layer.build((p.N, p.T, p.I))
        biases = np.stack([part[order].reshape(-1) for part in p.two_biases()])
        layer.set_weights([p.W[order].transpose(2, 0, 1).reshape(p.I, -1),
                           p.U[order].transpose(2, 0, 1).reshape(p.H, -1),
                           biases if p.cell == "lbr_gru" else biases[0]])
        # Keras has the rows first.
        x = tf.constant(p.x.transpose(1, 0, 2))
        states = [tf.constant(s) for s in (p.h0, p.c0) if s is not None]
        dy = tf.constant(p.dy.transpose(1, 0, 2))

        @tf.function
        def forward(x, states):
            return layer(x, initial_state=states)

        @tf.function
        def step(x, states, dy):
            with tf.GradientTape() as tape:
                tape.watch([x, states])
                outputs = layer(x, initial_state=states)
            weights = [v.value for v in layer.trainable_weights]
            return outputs, tape.gradient(outputs[0], [x, states, weights], dy)

        def given_order(d, rows):
            result = np.empty((p.G, p.H, rows), np.float32)
            result[order] = d.numpy().reshape(rows, p.G, p.H).transpose(1, 2, 0)
            return result

        def fetch_forward(outputs):
            y, *last = outputs
            return [y.numpy().transpose(1, 0, 2)] + [a.numpy() for a in last]

        def fetch_step(result):
            outputs, (dx, dstates, (dW, dU, db)) = result
            db = given_order(db, 2 if p.cell == "lbr_gru" else 1)
            extra = [db[2:, :, 1]] if p.cell == "lbr_gru" else []
            return (fetch_forward(outputs) + [dx.numpy().transpose(1, 0, 2)]
                    + [d.numpy() for d in dstates] + [given_order(dW, p.I), given_order(dU, p.H)]
                    + [np.concatenate([db[:, :, 0], *extra])])

        if work == "training-step":
            return "layer in tf.function", lambda: step(x, states, dy), fetch_step
        if work == "inference":
            return "layer in tf.function", lambda: forward(x, states), fetch_forward
        raise Missing(f"no {work}")
