// Lists of parameters, padding, pixels in other places, and the masks of transformers: what test/fixtures/nn-cases.json does not say of them.

import test from 'ava';
import { ShapeError, ValueError, arange, nn, ones, randn, tensor, zeros } from '../index.ts';

test('a ParameterList owns its parameters, and prints them as PyTorch does', (t) => {
  const list = new nn.ParameterList([zeros([2, 3]), ones([2])]);
  t.deepEqual(
    list.namedParameters().map(([name, { shape, requiresGrad }]) => [name, shape, requiresGrad]),
    [
      ['0', [2, 3], true],
      ['1', [2], true],
    ],
  );
  t.is(
    String(list),
    `ParameterList(
    (0): Parameter containing: [torch.float32 of size 2x3]
    (1): Parameter containing: [torch.float32 of size 2]
)`,
  );
  t.is(list.length, 2);
  t.is(list.at(-1), [...list][1]);
  t.throws(() => list.at(2), { message: /^index 2 is out of range/ });
});

test('a ParameterDict gives its parameters by name', (t) => {
  const named = new nn.ParameterDict({ scale: ones([2]), shift: zeros([2]) });
  t.deepEqual(named.get('scale').toArray(), [1, 1]);
  t.deepEqual(Object.keys(named.stateDict()), ['scale', 'shift']);
  t.throws(() => named.get('other' as never), { message: /^'other' is no parameter/ });
});

test('what goes round pads with the other end', (t) => {
  t.deepEqual(new nn.CircularPad1d([2, 1])(tensor([[1, 2, 3]])).toArray(), [[2, 3, 1, 2, 3, 1]]);
});

test('padding that does not fit the axes of the layer is refused', (t) => {
  t.throws(() => new nn.ReflectionPad2d([1, 2]), {
    instanceOf: ValueError,
    message: /^ReflectionPad2d\(\): expected 4 widths, 2 for each axis, but got \[1, 2\]/,
  });
});

test('ChannelShuffle takes one channel of each group after the other', (t) => {
  const x = arange(6).reshape([1, 6, 1, 1]);
  t.deepEqual(new nn.ChannelShuffle(2)(x).flatten().toArray(), [0, 3, 1, 4, 2, 5]);
});

test('nn.functional has what changes the places of pixels', (t) => {
  const x = randn([1, 4, 4, 4]);
  const { fold, interpolate, pixelShuffle, pixelUnshuffle, unfold } = nn.functional;
  t.deepEqual(unfold(x, 2, { stride: 2 }).shape, [1, 16, 4]);
  t.deepEqual(fold(unfold(x, 2, { stride: 2 }), [4, 4], 2, { stride: 2 }).toArray(), x.toArray());
  t.deepEqual(pixelUnshuffle(pixelShuffle(x, 2), 2).toArray(), x.toArray());
  t.deepEqual(interpolate(x, { scaleFactor: 2 }).shape, [1, 4, 8, 8]);
});

test('Softmax2d is over channels, of images only', (t) => {
  const sums = new nn.Softmax2d()(randn([3, 2, 2])).sum(0);
  t.true(Number(sums.sub(1).abs().max().item()) < 1e-6);
  t.throws(() => new nn.Softmax2d()(ones([2, 2])), {
    instanceOf: ShapeError,
    message: /^Softmax2d requires a 3D or 4D tensor as input/,
  });
});

test('copies of a layer start alike, and are trained apart', (t) => {
  const layer = new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 8, dropout: 0 });
  const { layers } = new nn.TransformerEncoder(layer, 2);
  t.deepEqual(layers.at(0).linear1.weight.toArray(), layers.at(1).linear1.weight.toArray());
  t.not(layers.at(0).linear1.weight, layers.at(1).linear1.weight);
  t.not(layers.at(0).linear1.weight, layer.linear1.weight);
});

test('the mask of an encoder is that of each of its layers', (t) => {
  const layer = new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 8, dropout: 0 });
  const [x, mask] = [randn([5, 2, 4]), nn.Transformer.generateSquareSubsequentMask(5)];
  const encoder = new nn.TransformerEncoder(layer, 2);
  const want = layer(layer(x, { srcMask: mask }), { srcMask: mask });
  t.deepEqual(encoder(x, { mask }).toArray(), want.toArray());
  t.throws(() => encoder(x, { srcMask: mask } as object), {
    message: /^TransformerEncoder\.forward\(\) got an unexpected keyword argument 'srcMask'/,
  });
});

test('a mask hides later places from earlier ones', (t) => {
  const options = {
    dModel: 4,
    nhead: 2,
    numEncoderLayers: 1,
    numDecoderLayers: 1,
    dimFeedforward: 8,
    dropout: 0,
  };
  const model = new nn.Transformer(options);
  const tgtMask = nn.Transformer.generateSquareSubsequentMask(3);
  t.deepEqual(tgtMask.toArray(), [
    [0, -Infinity, -Infinity],
    [0, 0, -Infinity],
    [0, 0, 0],
  ]);
  const [src, tgt, last] = [randn([5, 1, 4]), randn([3, 1, 4]), zeros([3, 1, 4])];
  last.select(0, 2).fill_(1);
  const firstOf = (x: typeof tgt) => model(src, x, { tgtMask }).narrow(0, 0, 2).toArray();
  t.deepEqual(firstOf(tgt), firstOf(tgt.add(last)));
});

test('a transformer refuses sequences of other features, or of other batches', (t) => {
  const model = new nn.Transformer({
    dModel: 4,
    nhead: 2,
    numEncoderLayers: 1,
    numDecoderLayers: 1,
    dimFeedforward: 8,
  });
  t.throws(() => model(ones([2, 1, 3]), ones([2, 1, 4])), {
    message: /^the feature number of src and tgt must be equal to d_model/,
  });
  t.throws(() => model(ones([2, 1, 4]), ones([2, 2, 4])), {
    message: /^the batch number of src and tgt must be equal/,
  });
});
