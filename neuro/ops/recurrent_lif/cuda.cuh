// A loop of LIF neurons on [steps, batch, neurons]. Between two products with the weights, which
// are cuBLAS's, a kernel does one step; a thread runs one neuron of one sample.
//
// Beside the macros of _common.cuh and _neuron.cuh: PART, 0 recurrent_lif_step, 1
// recurrent_lif_replay, 2 recurrent_lif_back; LEARNS_DECAY, LEARNS_THRESHOLD (0 or 1) for the last.

// From what came in to the potential before the reset; left are the refractory steps.
__device__ __forceinline__ state charged(state v, state drive, state decay, bool held) {
  return held ? v : charge(v, drive, decay);
}

__device__ __forceinline__ int left_after(int left, bool fired, long long refractory) {
  return fired ? static_cast<int>(refractory) : left > 0 ? left - 1 : 0;
}

#if PART == 0

// One step; h is filled unless it is null.
extern "C" __global__ void __launch_bounds__(128)
    recurrent_lif_step(const real *__restrict__ x, const real *__restrict__ feedback,
                       const state *__restrict__ decay, const state *__restrict__ threshold,
                       state *__restrict__ v, int *__restrict__ wait, real *__restrict__ spikes,
                       state *__restrict__ h, long long decays, long long thresholds,
                       long long refractory, long long cells) {
  const long long k = my_first();
  if (k >= cells) return;
  state d[WIDTH], theta[WIDTH];
  spread(decay, decays, k, d);
  spread(threshold, thresholds, k, theta);
  const int left = REFRACTORY ? wait[k] : 0;
  const bool held = left > 0;
  const state drive = static_cast<state>(x[k]) + static_cast<state>(feedback[k]);
  const state charged_to = charged(v[k], drive, d[0], held);
  const bool fired = charged_to >= theta[0] && !held;
  if (h) h[k] = charged_to;
  spikes[k] = static_cast<real>(fired ? state(1) : state(0));
  v[k] = after(charged_to, fired, theta[0]);
  if (REFRACTORY) wait[k] = left_after(left, fired, refractory);
}

#elif PART == 1

// Find h again from everything that came in and the known spikes: a product of all steps at once
// is rounded in another order, which must not decide a spike. held marks who ignored its input.
extern "C" __global__ void __launch_bounds__(128)
    recurrent_lif_replay(const real *__restrict__ drive, const real *__restrict__ spikes,
                         const state *__restrict__ decay, const state *__restrict__ threshold,
                         const state *__restrict__ v, const int *__restrict__ wait,
                         state *__restrict__ h, unsigned char *__restrict__ held,
                         long long decays, long long thresholds, long long refractory,
                         long long steps, long long cells) {
  const long long k = my_first();
  if (k >= cells) return;
  state d[WIDTH], theta[WIDTH], u = v[k];
  spread(decay, decays, k, d);
  spread(threshold, thresholds, k, theta);
  int left = REFRACTORY ? wait[k] : 0;
#pragma unroll 4
  for (long long t = 0; t < steps; ++t) {
    const long long at = t * cells + k;
    const bool fired = static_cast<state>(spikes[at]) != state(0), waits = left > 0;
    const state charged_to = charged(u, static_cast<state>(drive[at]), d[0], waits);
    h[at] = charged_to;
    if (REFRACTORY) held[at] = waits;
    u = after(charged_to, fired, theta[0]);
    if (REFRACTORY) left = left_after(left, fired, refractory);
  }
}

#else

// Back through one step. `back` is the gradient that the step after sends through the feedback,
// null at the last; h_before, spikes_before are those of the step before, v and null at the first.
extern "C" __global__ void __launch_bounds__(128)
    recurrent_lif_back(const real *__restrict__ g_spikes, const real *__restrict__ back,
                       const state *__restrict__ h, const state *__restrict__ h_before,
                       const unsigned char *__restrict__ held, const real *__restrict__ spikes,
                       const real *__restrict__ spikes_before, const real *__restrict__ drive,
                       const state *__restrict__ decay, const state *__restrict__ threshold,
                       real *__restrict__ g_x, state *__restrict__ carry,
                       state *__restrict__ g_decay, state *__restrict__ g_threshold, double alpha,
                       long long decays, long long thresholds, long long cells) {
  const long long k = my_first();
  if (k >= cells) return;
  state d[WIDTH], theta[WIDTH];
  spread(decay, decays, k, d);
  spread(threshold, thresholds, k, theta);
  const bool waits = REFRACTORY && held[k];
  const bool fired = static_cast<state>(spikes[k]) != state(0);
  const state g = static_cast<state>(g_spikes[k]) + (back ? static_cast<state>(back[k]) : state(0));
  state c = carry[k], g_theta = LEARNS_THRESHOLD ? g_threshold[k] : state(0);
  const state g_h = back_through(h[k], waits, fired, g, d[0], theta[0], state(alpha), c, g_theta);
  carry[k] = c;
  if (LEARNS_THRESHOLD) g_threshold[k] = g_theta;
  if (LEARNS_DECAY) {
    const bool spiked = spikes_before && static_cast<state>(spikes_before[k]) != state(0);
    const state before = after(h_before[k], spiked, theta[0]);
    g_decay[k] += g_h * (DECAY_INPUT ? before - static_cast<state>(drive[k]) : before);
  }
  g_x[k] = static_cast<real>(DECAY_INPUT ? g_h * (state(1) - d[0]) : g_h);
}

#endif
