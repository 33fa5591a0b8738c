"""Convolutions of pictures with one learnable delay per synapse."""

from axonal.neuro.layers._delayed_conv import DelayedConv


class DelayedConv2d(DelayedConv):
    """Convolution of pictures with learned delays, y_t(p) = sum_ck w_ck x_{t - d_ck}(c, p + k).

    Its synapses learn and run as those of :class:`DelayedLinear`: delays are real while training,
    spread over steps by ``kernel``, and whole in evaluation mode and when exported. Compiled code
    adds the taps that there are, and few spikes one by one; delays of channels cost little more
    than the convolution.

    Source: Hammouamri et al., ICLR 2024 (arXiv 2306.17670): kernels over time.
    Khalfaoui-Hassani et al., ICLR 2023 (arXiv 2112.03740): learned positions in convolutions.

    Args:
        in_channels: C.
        out_channels: D.
        kernel_size: height and width of the kernel, or one number for both.
        max_delay: longest delay in steps, >= 0.
        stride: places between outputs.
        padding: zeros around the input, by axis, or ``"same"`` or ``"valid"`` as in
            ``torch.nn.Conv2d``.
        dilation: places between the entries of a kernel.
        groups: parts of the channels that are connected among themselves.
        kernel: ``"gaussian"``, ``"triangle"``, ``"two-tap"``, ``"one-tap"`` or
            ``"straight-through"``, see :class:`DelayedLinear`.
        sigma: standard deviation of the Gaussian in steps, > 0, or half the base of the triangle,
            >= 1; by default wide, ``max_delay / 2 + 0.27`` and ``max_delay / 2 + 1``.
        delay: initial delays in steps, in the shape of ``position``; by default uniform over
            [0, max_delay].
        per: what has a delay of its own: ``"synapse"``, each entry of each kernel; ``"pair"``, each
            channel for each output channel; ``"source"``, each channel; ``"target"``, each output
            channel.
        weights: ``"float"`` or ``"ternary"``.
        bias: add a learned constant per output channel.
        mask: which synapses exist, 0 or 1, [D, C / groups, height, width].
        backend: of :func:`axonal.neuro.ops.delayed_conv.delayed_conv`.

    Attributes:
        position: the parameter behind ``delay``, by ``per`` [D, C / groups, height, width],
            [D, C / groups, 1, 1], [1, C, 1, 1] or [D, 1, 1, 1].
        round_in_evaluation: set to ``False`` to evaluate with the training kernel.

    Returns:
        Called with x [T, B, C, H, W] and a state: y [T, B, D, H', W'] and a
        :class:`DelayedConvState`.

    Raises:
        ValueError: for parameters out of range, and for inputs or states of the wrong shape.

    >>> import torch
    >>> layer = DelayedConv2d(1, 1, (1, 2), max_delay=2, delay=[[[[0.0, 2.0]]]]).eval()
    >>> _ = torch.nn.init.ones_(layer.weight)
    >>> x = torch.zeros(3, 1, 1, 1, 3)
    >>> x[0] = 1.0
    >>> y, state = layer(x)
    >>> y.flatten(1).tolist()
    [[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]
    """

    axes, shape = 2, "H, W"
