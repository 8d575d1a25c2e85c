import { words, type BindingKind, type Dispatch } from '#gpu/command.ts';
import {
  checkMap,
  floats,
  mapRanges,
  mapSize,
  tiledShader,
  tiling,
  vectorOffset,
  vectorWidth,
  WIDE_MAPS,
  type AffineSlices,
  type MapShape,
  type MapTuning,
} from '../shared/maps.ts';
import momentsCode from '../shared/moments.wgsl?raw';
import sumsCode from '../shared/sums.wgsl?raw';
import dropDzCode from './dropDz.wgsl?raw';
import fourChannelsCode from './fourChannels.wgsl?raw';
import backwardCode from './groupNormBackward.wgsl?raw';
import forwardCode from './groupNormForward.wgsl?raw';
import parametersCode from './groupNormParameters.wgsl?raw';
import oneChannelCode from './oneChannel.wgsl?raw';
import storeDzCode from './storeDz.wgsl?raw';

/** Added to the variance, as in PyTorch. */
export const GROUP_NORM_EPS = 1e-5;

/** What every device allows in a workgroup. */
const MOST_LANES = 256;
/** Channel vectors of a workgroup at most, unless one group needs more: keeps workgroup memory small. */
const WIDEST_TILE = 32;

interface Common {
  readonly shape: MapShape;
  /** G: divides the channels. */
  readonly groups: number;
  /** Whether a ReLU follows. */
  readonly relu: boolean;
  /** For a graphics card where absent. */
  readonly tuning?: MapTuning;
  /** `[N, H*W, C]`, output of the convolution. */
  readonly x: GPUBuffer;
  readonly parameters: AffineSlices;
  /** `[N, G]` pairs of mean and 1/sqrt(variance + eps): written forward, read backward. */
  readonly stats: GPUBuffer;
}

export interface GroupNormForward extends Common {
  /** `[N, H*W, C]`, added before the ReLU. */
  readonly residual?: GPUBuffer;
  /** `[N, H*W, C]`, written. */
  readonly y: GPUBuffer;
}

export interface GroupNormBackward extends Common {
  /** `[N, H*W, C]`, gradient of `y`. */
  readonly dy: GPUBuffer;
  /** Output of the forward pass; needed for the mask of the ReLU. */
  readonly y?: GPUBuffer;
  /** Where dgamma and dbeta go. */
  readonly gradients: AffineSlices;
  /** At least `groupNormScratchSize` floats, contents arbitrary before and after. */
  readonly scratch: GPUBuffer;
  /** `[N, H*W, C]`, gradient of `x`, written; another buffer than `dy`. */
  readonly dx: GPUBuffer;
  /** `[N, H*W, C]`, gradient before the ReLU, which is the residual's; written where given. */
  readonly dz?: GPUBuffer;
}

interface GroupTiling {
  readonly width: 4 | 1;
  readonly vectors: number;
  readonly groupWidth: number;
  /** Vectors per workgroup: whole groups. */
  readonly tile: number;
  readonly tiles: number;
  readonly lanes: number;
  readonly rows: number;
  readonly groupsPerTile: number;
}

/** Floats of scratch that the backward pass of one layer needs; layers may share it. */
export function groupNormScratchSize(shape: MapShape): number {
  return 2 * shape.batch * shape.channels;
}

/** Floats of `stats`. */
export function groupNormStatsSize(shape: MapShape, groups: number): number {
  return 2 * shape.batch * groups;
}

function groupTiling(
  { pixels, channels }: MapShape,
  groups: number,
  tuning: MapTuning = WIDE_MAPS,
): GroupTiling {
  if (!(Number.isInteger(groups) && groups >= 1 && channels % groups === 0)) {
    throw new RangeError(`groupNorm: channels (${channels}) must be divisible by groups (${groups})`);
  }
  const width = vectorWidth(channels);
  const vectors = channels / width;
  const groupWidth = channels / groups;
  // The fewest vectors that are whole groups.
  let unit = Math.ceil(groupWidth / width);
  while ((unit * width) % groupWidth !== 0) unit++;
  if (unit > MOST_LANES) {
    throw new RangeError(
      `groupNorm: a group of ${groupWidth} channels; at most ${MOST_LANES * width} fit a workgroup`,
    );
  }
  const lanes = Math.max(tuning.lanes, 2 ** Math.ceil(Math.log2(unit)));
  // A cache line of 16 channels per pixel; more where the map has too few pixels for the rows.
  const wanted = Math.min(WIDEST_TILE, lanes, vectors, Math.max(16 / width, Math.floor(lanes / pixels)));
  const tile = unit * Math.max(1, Math.floor(wanted / unit));
  return {
    width,
    vectors,
    groupWidth,
    tile,
    tiles: Math.ceil(vectors / tile),
    lanes,
    rows: 2 ** Math.floor(Math.log2(lanes / tile)),
    groupsPerTile: (tile * width) / groupWidth,
  };
}

/** The kernel for the vectors of `tiling`, with the sources and bindings given. */
function shader(
  label: string,
  sources: readonly string[],
  tiling: GroupTiling,
  bindings: readonly BindingKind[],
  flags: Readonly<Record<string, boolean>>,
) {
  return {
    label,
    code: [...sources, tiling.width === 4 ? fourChannelsCode : oneChannelCode].join('\n'),
    bindings,
    constants: {
      LANES: tiling.lanes,
      TILE: tiling.tile,
      ROWS: tiling.rows,
      GROUPS: tiling.groupsPerTile,
      ...Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, value ? 1 : 0])),
    },
  };
}

/**
 * Forward pass, in training and evaluation alike; one dispatch or as many as the tuning wants.
 * @throws {RangeError} for a shape, a number of groups or an offset that does not fit.
 */
export function groupNormForward(options: GroupNormForward): Dispatch[] {
  const { shape, groups, tuning, x, residual, parameters } = options;
  checkMap('groupNorm', shape);
  const tiles = groupTiling(shape, groups, tuning);
  const size = mapSize(shape);
  const forward = shader(
    'groupNormForward',
    [forwardCode, momentsCode],
    tiles,
    ['read', 'read', 'read', 'read_write', 'read_write', 'uniform'],
    { RELU: options.relu, RESIDUAL: residual !== undefined },
  );
  return mapRanges(shape, shape.batch, tuning).map(({ first, count }) => ({
    shader: forward,
    bindings: [
      floats(x, size),
      floats(residual ?? x, size),
      { buffer: parameters.buffer },
      floats(options.stats, groupNormStatsSize(shape, groups)),
      floats(options.y, size),
      {
        uniform: words(
          ['u', shape.pixels],
          ['u', tiles.vectors],
          ['u', groups],
          ['u', tiles.groupWidth],
          ['u', vectorOffset('groupNorm', parameters.gamma, tiles.width)],
          ['u', vectorOffset('groupNorm', parameters.beta, tiles.width)],
          ['f', GROUP_NORM_EPS],
          ['u', first],
        ),
      },
    ],
    workgroups: [tiles.tiles, count, 1],
  }));
}

/**
 * Backward pass, two dispatches or as many as the tuning wants: dx (and dz where given), then dgamma and dbeta.
 * @throws {RangeError} for a shape, a number of groups or an offset that does not fit, or a ReLU without `y`.
 */
export function groupNormBackward(options: GroupNormBackward): Dispatch[] {
  const { shape, groups, tuning = WIDE_MAPS, relu, dy, y, x, dz, parameters, gradients } = options;
  checkMap('groupNorm', shape);
  if (relu && !y) throw new RangeError('groupNorm: the gradient of a ReLU needs its output y');
  const tiles = groupTiling(shape, groups, tuning);
  const size = mapSize(shape);
  const partials = floats(options.scratch, groupNormScratchSize(shape));
  const channelTiles = tiling(shape.channels, tuning.lanes);
  const backward = shader(
    'groupNormBackward',
    [backwardCode, dz ? storeDzCode : dropDzCode, sumsCode],
    tiles,
    [
      'read',
      'read',
      'read',
      'read',
      'read',
      'read_write',
      'read_write',
      'uniform',
      ...(dz ? (['read_write'] as const) : []),
    ],
    { RELU: relu },
  );
  return [
    ...mapRanges(shape, shape.batch, tuning).map(({ first, count }): Dispatch => ({
      shader: backward,
      bindings: [
        floats(dy, size),
        floats(y ?? x, size),
        floats(x, size),
        floats(options.stats, groupNormStatsSize(shape, groups)),
        { buffer: parameters.buffer },
        partials,
        floats(options.dx, size),
        {
          uniform: words(
            ['u', shape.batch],
            ['u', shape.pixels],
            ['u', tiles.vectors],
            ['u', groups],
            ['u', tiles.groupWidth],
            ['u', vectorOffset('groupNorm', parameters.gamma, tiles.width)],
            ['u', first],
          ),
        },
        ...(dz ? [floats(dz, size)] : []),
      ],
      workgroups: [tiles.tiles, count, 1],
    })),
    {
      shader: tiledShader('groupNormParameters', [parametersCode, sumsCode], channelTiles, [
        'read',
        'read_write',
        'uniform',
      ]),
      bindings: [
        partials,
        { buffer: gradients.buffer },
        {
          uniform: words(
            ['u', shape.batch],
            ['u', channelTiles.vectors],
            ['u', vectorOffset('groupNorm', gradients.gamma, channelTiles.width)],
            ['u', vectorOffset('groupNorm', gradients.beta, channelTiles.width)],
          ),
        },
      ],
      workgroups: [channelTiles.tiles, 1, 1],
    },
  ];
}
