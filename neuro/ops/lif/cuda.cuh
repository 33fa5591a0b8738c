// Leaky integrate-and-fire over a sequence [steps, cells]: a thread runs WIDTH neighbouring cells
// through all steps, with their potentials in registers.
//
// Forward keeps the potential (and the refractory steps left) every SEGMENT steps. Backward takes
// segments from the last to the first: it reads x again, computes the potentials of the segment in
// registers, and goes back through them. That moves 20.5 bytes per cell and step in single precision:
// x and spike forward; x, gradient and gradient backward; and two times 4 / 16.
//
// Beside the macros of _common.cuh and _neuron.cuh: BACKWARD (0 or 1), which kernel this is, and
// for the backward one LEARNS_DECAY and LEARNS_THRESHOLD (0 or 1).

constexpr int SEGMENT = 16;
constexpr int AHEAD = 8;  // rows that a thread requests before it waits for the first

struct Cells {
  state decay[WIDTH], threshold[WIDTH], v[WIDTH];
  int left[WIDTH];  // refractory steps
};

// One step from x to the potential before the reset. Returns whether the neuron fired.
__device__ __forceinline__ bool step(Cells &c, int k, state x, int refractory, state &h,
                                     bool &held) {
  held = REFRACTORY && c.left[k] > 0;
  h = held ? c.v[k] : charge(c.v[k], x, c.decay[k]);
  const bool fired = h >= c.threshold[k] && !held;
  if (REFRACTORY) c.left[k] = fired ? refractory : (held ? c.left[k] - 1 : 0);
  c.v[k] = after(h, fired, c.threshold[k]);
  return fired;
}

__device__ __forceinline__ void load_left(const int *__restrict__ from, Cells &c) {
#pragma unroll
  for (int k = 0; k < WIDTH; ++k) c.left[k] = REFRACTORY ? from[k] : 0;
}

__device__ __forceinline__ void store_left(int *__restrict__ to, const Cells &c) {
#pragma unroll
  for (int k = 0; k < WIDTH; ++k)
    if (REFRACTORY) to[k] = c.left[k];
}

#if !BACKWARD

template <int ROWS>
__device__ __forceinline__ void advance(Cells &c, const real *__restrict__ x,
                                        real *__restrict__ spikes, long long cells,
                                        int refractory) {
  state row[ROWS][WIDTH];
#pragma unroll
  for (int r = 0; r < ROWS; ++r) load(x + r * cells, row[r]);
#pragma unroll
  for (int r = 0; r < ROWS; ++r) {
#pragma unroll
    for (int k = 0; k < WIDTH; ++k) {
      state h;
      bool held;
      row[r][k] = step(c, k, row[r][k], refractory, h, held) ? state(1) : state(0);
    }
    store(spikes + r * cells, row[r]);
  }
}

// Eight blocks per multiprocessor leave 64 registers, enough for all rows requested ahead.
extern "C" __global__ void __launch_bounds__(128, 8)
    lif_forward(const real *__restrict__ x, const state *__restrict__ decay,
                const state *__restrict__ threshold, state *__restrict__ v,
                int *__restrict__ wait, real *__restrict__ spikes, state *__restrict__ saved,
                int *__restrict__ waits, long long decays, long long thresholds,
                long long refractory, long long steps, long long cells) {
  const long long first = my_first();
  if (first >= cells) return;
  Cells c;
  spread(decay, decays, first, c.decay);
  spread(threshold, thresholds, first, c.threshold);
  load(v + first, c.v);
  load_left(wait + first, c);
  for (long long t = 0; t < steps; t += AHEAD) {
    if (saved && t % SEGMENT == 0) {
      const long long row = t / SEGMENT * cells + first;
      store(saved + row, c.v);
      store_left(waits + row, c);
    }
    const long long at = t * cells + first;
    if (t + AHEAD <= steps) {
      advance<AHEAD>(c, x + at, spikes + at, cells, static_cast<int>(refractory));
    } else {
#pragma unroll 1
      for (long long r = 0; r < steps - t; ++r)
        advance<1>(c, x + at + r * cells, spikes + at + r * cells, cells,
                   static_cast<int>(refractory));
    }
  }
  store(v + first, c.v);
  store_left(wait + first, c);
}

#else

struct Gradients {
  state carry[WIDTH], decay[WIDTH], threshold[WIDTH];
};

// Back through one segment, of SEGMENT steps if it is FULL. c.v holds the saved potential.
template <bool FULL>
__device__ __forceinline__ void back(Cells &c, Gradients &g, const real *__restrict__ g_spikes,
                                     const real *__restrict__ x, real *__restrict__ g_x, int rows,
                                     long long cells, state alpha, int refractory) {
  g_spikes += (FULL ? SEGMENT : rows) * cells;
  g_x += (FULL ? SEGMENT : rows) * cells;
  state h[SEGMENT][WIDTH], start[WIDTH];
  unsigned held[WIDTH];
#pragma unroll
  for (int r = 0; r < SEGMENT; ++r)
    if (FULL || r < rows) {
      load(x, h[r]);
      x += cells;
    }
#pragma unroll
  for (int k = 0; k < WIDTH; ++k) {
    start[k] = c.v[k];
    held[k] = 0;
  }
#pragma unroll
  for (int r = 0; r < SEGMENT; ++r)
    if (FULL || r < rows) {
#pragma unroll
      for (int k = 0; k < WIDTH; ++k) {
        bool waits;
        step(c, k, h[r][k], refractory, h[r][k], waits);
        held[k] |= unsigned(waits) << r;
      }
    }
#pragma unroll
  for (int r = SEGMENT - 1; r >= 0; --r)
    if (FULL || r < rows) {
      state g_row[WIDTH], x_row[WIDTH];
      g_spikes -= cells;
      x -= cells;
      g_x -= cells;
      load(g_spikes, g_row);
      if (LEARNS_DECAY && DECAY_INPUT) load(x, x_row);
#pragma unroll
      for (int k = 0; k < WIDTH; ++k) {
        const bool waits = REFRACTORY && (held[k] >> r & 1);
        const bool fired = h[r][k] >= c.threshold[k] && !waits;
        const state g_h =
            back_through(h[r][k], waits, fired, g_row[k], c.decay[k], c.threshold[k], alpha,
                         g.carry[k], g.threshold[k]);
        if (LEARNS_DECAY) {
          state before = start[k];
          if (r > 0) {
            const int p = r > 0 ? r - 1 : 0;
            const bool waited = REFRACTORY && (held[k] >> p & 1);
            const bool spiked = h[p][k] >= c.threshold[k] && !waited;
            before = after(h[p][k], spiked, c.threshold[k]);
          }
          g.decay[k] += g_h * (DECAY_INPUT ? before - x_row[k] : before);
        }
        g_row[k] = DECAY_INPUT ? g_h * (state(1) - c.decay[k]) : g_h;
      }
      store(g_x, g_row);
    }
}

// Where there is more to remember the compiler, left to itself (0), spills a few bytes to hold more
// blocks than the two of this bound.
extern "C" __global__ void __launch_bounds__(128, REFRACTORY || LEARNS_DECAY ? 2 : 0)
    lif_backward(const real *__restrict__ g_spikes, const real *__restrict__ x,
                 const state *__restrict__ decay, const state *__restrict__ threshold,
                 const state *__restrict__ saved, const int *__restrict__ waits,
                 state *__restrict__ carry, real *__restrict__ g_x,
                 state *__restrict__ g_decay, state *__restrict__ g_threshold, double alpha,
                 long long decays, long long thresholds, long long refractory, long long steps,
                 long long cells) {
  const long long first = my_first();
  if (first >= cells) return;
  Cells c;
  Gradients g;
  spread(decay, decays, first, c.decay);
  spread(threshold, thresholds, first, c.threshold);
  load(carry + first, g.carry);
#pragma unroll
  for (int k = 0; k < WIDTH; ++k) g.decay[k] = g.threshold[k] = 0;
  for (long long segment = (steps - 1) / SEGMENT; segment >= 0; --segment) {
    const long long row = segment * cells + first, at = segment * SEGMENT * cells + first;
    load(saved + row, c.v);
    load_left(waits + row, c);
    const long long rows = steps - segment * SEGMENT;
    if (rows >= SEGMENT)
      back<true>(c, g, g_spikes + at, x + at, g_x + at, SEGMENT, cells, state(alpha),
                 static_cast<int>(refractory));
    else
      back<false>(c, g, g_spikes + at, x + at, g_x + at, static_cast<int>(rows), cells,
                  state(alpha), static_cast<int>(refractory));
  }
  store(carry + first, g.carry);
  if (LEARNS_DECAY) store(g_decay + first, g.decay);
  if (LEARNS_THRESHOLD) store(g_threshold + first, g.threshold);
}

#endif
