// One step of leaky integrate-and-fire, and the surrogate's derivative. Macros: DECAY_INPUT,
// SUBTRACT, REFRACTORY, DETACH (0 or 1), with the meaning of axonal.neuro.ops.lif.lif, and SLOPE,
// statements from a file of axonal.neuro.surrogates. Products and sums are rounded one by one (no
// contraction to fma): the last bit decides a spike.

__device__ __forceinline__ state charge(state v, state x, state decay) {
  return DECAY_INPUT ? decay * v + (state(1) - decay) * x : decay * v + x;
}

// Of infinity it is NaN, as in the definition.
__device__ __forceinline__ state after(state h, bool fired, state threshold) {
  return fired ? (SUBTRACT ? h - threshold : h * state(0)) : h;
}

// Gradients may be off by two units in the last place, spikes may not.
__device__ __forceinline__ float quotient(float a, float b) { return __fdividef(a, b); }
__device__ __forceinline__ double quotient(double a, double b) { return a / b; }
__device__ __forceinline__ float magnitude(float a) { return fabsf(a); }
__device__ __forceinline__ double magnitude(double a) { return fabs(a); }

__device__ __forceinline__ state slope_at(state u, state alpha) {
  const state one = 1;
  SLOPE
}

// Backward pass of a step. `carry` is the gradient of v after the step and becomes that of v before
// it; the result is the gradient of the input that was added to the decayed potential. A held neuron
// kept its potential and did not fire.
__device__ __forceinline__ state back_through(state h, bool held, bool fired, state g_spike,
                                              state decay, state threshold, state alpha,
                                              state &carry, state &g_threshold) {
  const state slope = held ? state(0) : slope_at(h - threshold, alpha);
  // gradient of the spike: its own and, through the reset, that of v
  const state pull = DETACH ? g_spike : g_spike - carry * (SUBTRACT ? threshold : h);
  g_threshold -= pull * slope + (SUBTRACT && fired ? carry : state(0));
  const state g_h = (SUBTRACT || !fired ? carry : state(0)) + pull * slope;
  carry = held ? g_h : g_h * decay;
  return held ? state(0) : g_h;
}
