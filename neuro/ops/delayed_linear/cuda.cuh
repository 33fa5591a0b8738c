// Delayed connections over series [channels, steps x lanes] whose lanes, the samples of a batch, lie
// side by side: a delay is then a matter of where to start reading. A thread handles WIDTH
// neighbouring numbers of a row; taps are computed by the block, for all of its numbers.
//
// The taps of a synapse are those of axonal.neuro.ops.delayed_linear._taps. Their width is read here, not by
// the host, which would have to wait for it.
//
// Beside the macros of _common.cuh: KERNEL, 0 gaussian, 1 two-tap, 2 one-tap; and PART, 0 delay_sums,
// 1 delay_add, 2 delay_dot.

constexpr int TAPS = KERNEL == 0 ? 4 : KERNEL == 1 ? 2 : 1;  // that are computed at a time
constexpr int THREADS = 128;

struct Synapses {
  const state *__restrict__ weight, *__restrict__ delay;
  const state *__restrict__ sums;  // of every synapse: sum of g + 1e-7, then of g z / sigma
  state sigma;
  long long number;
  int longest, count, reach;

  __device__ __forceinline__ Synapses(const state *weight, const state *delay, const state *sums,
                                      const state *sigma, long long number, long long longest,
                                      double sigmas)
      : weight(weight), delay(delay), sums(sums), sigma(*sigma), number(number),
        longest(static_cast<int>(longest)), count(TAPS), reach(0) {
    if (KERNEL == 0) {
      const state far = ceil(this->sigma * state(sigmas)), most = state(longest + 1);
      reach = static_cast<int>(far < most ? far : most);
      count = 2 * reach < longest + 1 ? 2 * reach : static_cast<int>(longest) + 1;
    }
  }

  // Step of the first tap; whatever the delay is, all taps lie within the history.
  __device__ __forceinline__ int first(state d) const {
    const int step = KERNEL == 2   ? static_cast<int>(rint(d))
                     : KERNEL == 1 ? static_cast<int>(floor(d))
                                   : static_cast<int>(floor(d)) + 1 - reach;
    const int last = longest + 1 - count;
    return step < 0 ? 0 : step > last ? last : step;
  }

  __device__ __forceinline__ state distance(state d, int step) const {
    return (state(step) - d) / sigma;
  }

  // Share of the weight on tap j, and its derivative with respect to the delay.
  __device__ __forceinline__ void tap(long long synapse, int j, state &share, state &slope) const {
    share = slope = 0;
    if (j >= count) return;
    const state d = delay[synapse];
    const int start = first(d);
    if (KERNEL == 2) share = 1;
    if (KERNEL == 1) {
      const state late = d - state(start);
      share = j ? late : state(1) - late;
      slope = j ? 1 : -1;
    }
    if (KERNEL == 0) {
      const state z = distance(d, start + j), g = exponential(state(-0.5) * z * z);
      const state total = sums[synapse];
      share = g / total;
      slope = (g * z / sigma - share * sums[number + synapse]) / total;
    }
  }

  // Step of tap j; of the longest delay for taps that there are not.
  __device__ __forceinline__ int step(long long synapse, int j) const {
    const int at = first(delay[synapse]) + j;
    return at < longest ? at : longest;
  }
};

// A tap as a block computes it for all of its threads, read in one instruction.
struct alignas(16) Tap {
  state share, slope;
  int start;  // where its numbers begin
};

// Make threads read shared memory again, rather than keep all taps in registers.
__device__ __forceinline__ void forget() { asm volatile("" ::: "memory"); }

#if PART == 0

// Sums over the taps of every synapse.
extern "C" __global__ void __launch_bounds__(128)
    delay_sums(const state *__restrict__ delay, const state *__restrict__ sigma,
               state *__restrict__ sums, long long number, long long longest, double sigmas) {
  const long long synapse = my_first();
  if (synapse >= number) return;
  const Synapses s(nullptr, delay, nullptr, sigma, number, longest, sigmas);
  const state d = delay[synapse];
  const int start = s.first(d);
  state total = 0, moment = 0;
  for (int j = 0; j < s.count; ++j) {
    const state z = s.distance(d, start + j), g = exponential(state(-0.5) * z * z);
    total += g;
    moment += g * z / s.sigma;
  }
  sums[synapse] = total + state(1e-7);
  sums[number + synapse] = moment;
}

#elif PART == 1

constexpr int ROWS = 8, SOURCES = 16;

// y [rows, size]: each row sums rows of x [sources, length], delayed (way -1) or hastened (way 1)
// by the steps of its synapses and seen from `origin`.
extern "C" __global__ void __launch_bounds__(128)
    delay_add(const real *__restrict__ x, const state *__restrict__ weight,
              const state *__restrict__ delay, const state *__restrict__ sums,
              const state *__restrict__ sigma, real *__restrict__ y, double sigmas,
              long long rows, long long sources, long long row_stride, long long source_stride,
              long long longest, long long lanes, long long length, long long size,
              long long origin, long long way) {
  __shared__ Tap taps[SOURCES][ROWS][TAPS];
  const Synapses s(weight, delay, sums, sigma, rows * sources, longest, sigmas);
  const long long at = my_first(), low = blockIdx.y * static_cast<long long>(ROWS);
  state sum[ROWS][WIDTH];
#pragma unroll
  for (int r = 0; r < ROWS; ++r)
#pragma unroll
    for (int k = 0; k < WIDTH; ++k) sum[r][k] = 0;

  for (long long q0 = 0; q0 < sources; q0 += SOURCES) {
    const int here = sources - q0 < SOURCES ? static_cast<int>(sources - q0) : SOURCES;
    for (int tap = 0; tap < s.count; tap += TAPS) {
      __syncthreads();
      for (int pair = threadIdx.x; pair < ROWS * SOURCES; pair += THREADS) {
        const int r = pair / SOURCES, q = pair % SOURCES;
        const bool there = low + r < rows && q < here;
        const long long synapse =
            there ? (low + r) * row_stride + (q0 + q) * source_stride : 0;
        for (int j = 0; j < TAPS; ++j) {
          Tap &t = taps[q][r][j];
          s.tap(synapse, tap + j, t.share, t.slope);
          t.share = there ? s.weight[synapse] * t.share : state(0);
          t.start = static_cast<int>((origin + way * s.step(synapse, tap + j)) * lanes);
        }
      }
      __syncthreads();
      if (at >= size) continue;
      for (int q = 0; q < here; ++q) {
        const real *series = x + (q0 + q) * length + at;
#pragma unroll
        for (int r = 0; r < ROWS; ++r)
#pragma unroll
          for (int j = 0; j < TAPS; ++j) {
            state row[WIDTH];
            const Tap t = taps[q][r][j];
            load(series + t.start, row);
#pragma unroll
            for (int k = 0; k < WIDTH; ++k) sum[r][k] += t.share * row[k];
          }
      }
    }
  }
  if (at >= size) return;
#pragma unroll
  for (int r = 0; r < ROWS; ++r)
    if (low + r < rows) store(y + (low + r) * size + at, sum[r]);
}

#else

constexpr int TARGETS = 4, SOURCES = 4, SUMS = 2 * TARGETS * SOURCES;

// Gradients of weights and delays [targets, sources], from `size` numbers from g_start on of the
// rows of the gradient g [targets, g_length], and x [sources, length]. The threads of a block share the numbers
// of a few synapses and add up what they found in an order that never changes.
extern "C" __global__ void __launch_bounds__(128)
    delay_dot(const real *__restrict__ g, const real *__restrict__ x,
              const state *__restrict__ weight, const state *__restrict__ delay,
              const state *__restrict__ sums, const state *__restrict__ sigma,
              state *__restrict__ g_weight, state *__restrict__ g_delay, double sigmas,
              long long targets, long long sources, long long longest, long long lanes,
              long long g_length, long long g_start, long long length, long long size) {
  __shared__ Tap taps[SOURCES][TARGETS][TAPS];
  __shared__ state found[SUMS][THREADS + 1], part[THREADS];
  const Synapses s(weight, delay, sums, sigma, targets * sources, longest, sigmas);
  const long long o0 = blockIdx.y * static_cast<long long>(TARGETS);
  const long long i0 = blockIdx.x * static_cast<long long>(SOURCES);
  const auto target = [&](int o) { return o0 + o < targets ? o0 + o : targets - 1; };
  const auto source = [&](int i) { return i0 + i < sources ? i0 + i : sources - 1; };
  state sum[SUMS];
#pragma unroll
  for (int k = 0; k < SUMS; ++k) sum[k] = 0;

  for (int tap = 0; tap < s.count; tap += TAPS) {
    __syncthreads();
    for (int one = threadIdx.x; one < TARGETS * SOURCES * TAPS; one += THREADS) {
      const int o = one / (SOURCES * TAPS), i = one / TAPS % SOURCES, j = one % TAPS;
      const long long synapse = target(o) * sources + source(i);
      Tap &t = taps[i][o][j];
      s.tap(synapse, tap + j, t.share, t.slope);
      t.start = static_cast<int>((longest - s.step(synapse, tap + j)) * lanes);
    }
    __syncthreads();
    for (long long at = threadIdx.x * WIDTH; at < size; at += THREADS * WIDTH) {
      state g_row[TARGETS][WIDTH];
#pragma unroll
      for (int o = 0; o < TARGETS; ++o) load(g + target(o) * g_length + g_start + at, g_row[o]);
#pragma unroll
      for (int i = 0; i < SOURCES; ++i) {
        const real *series = x + source(i) * length + at;
        forget();
#pragma unroll
        for (int o = 0; o < TARGETS; ++o)
#pragma unroll
          for (int j = 0; j < TAPS; ++j) {
            state row[WIDTH], product = 0;
            const Tap t = taps[i][o][j];
            load(series + t.start, row);
#pragma unroll
            for (int k = 0; k < WIDTH; ++k) product += g_row[o][k] * row[k];
            sum[2 * (o * SOURCES + i)] += t.share * product;
            sum[2 * (o * SOURCES + i) + 1] += t.slope * product;
          }
      }
    }
  }

#pragma unroll
  for (int k = 0; k < SUMS; ++k) found[k][threadIdx.x] = sum[k];
  __syncthreads();
  constexpr int PARTS = THREADS / SUMS;
  state total = 0;
  for (int k = 0; k < THREADS / PARTS; ++k)
    total += found[threadIdx.x / PARTS][threadIdx.x % PARTS * (THREADS / PARTS) + k];
  part[threadIdx.x] = total;
  __syncthreads();
  if (threadIdx.x >= SUMS) return;
  total = 0;
  for (int k = 0; k < PARTS; ++k) total += part[threadIdx.x * PARTS + k];
  const long long o = o0 + threadIdx.x / 2 / SOURCES, i = i0 + threadIdx.x / 2 % SOURCES;
  if (o >= targets || i >= sources) return;
  const long long synapse = o * sources + i;
  if (threadIdx.x % 2)
    g_delay[synapse] = weight[synapse] * total;
  else
    g_weight[synapse] = total;
}

#endif
