// A training: batch after batch in a shuffled order, epoch after epoch, with a report now and then.
import { evaluateBatch, lossAndGradients, randomFrom, sgdStep, shuffledBatches } from "./backward.js";

const REPORTS_AN_EPOCH = 5, IMAGES_AT_ONCE = 120;

// train, test: {inks, labels}, all images one after the other. The network learns in place.
export function makeTrainer({ network, train, test, batchSize, seed }) {
  const random = randomFrom(seed);
  const batchesAnEpoch = Math.ceil(train.labels.length / batchSize);
  const between = Math.ceil(batchesAnEpoch / REPORTS_AN_EPOCH);
  let count = 0, batches = null, since = noImages();

  // Before the first batch: how well the random weights do, on all images.
  function begin() {
    const { loss, accuracy } = evaluateAll(network, train);
    return { epoch: 0, loss, accuracy, testAccuracy: evaluateAll(network, test).accuracy };
  }

  // Learns from one batch. A report after every fifth of an epoch, otherwise null: the loss and the
  // accuracy are those of the training images since the last report, each as the network read it
  // just before it learned from it; the test images are read at the end of an epoch.
  function step(lr) {
    if (count % batchesAnEpoch === 0) batches = shuffledBatches(train, batchSize, random);
    const batch = batches.next().value;
    const { loss, correct, gradients } = lossAndGradients(network, batch);
    sgdStep(network, gradients, lr);
    count += 1;
    since = { images: since.images + batch.labels.length, correct: since.correct + correct,
              loss: since.loss + loss * batch.labels.length };
    const inEpoch = count % batchesAnEpoch;
    return inEpoch % between && Number.isFinite(loss) ? null : report(inEpoch === 0);
  }

  // What has not been reported yet, with the test accuracy of this moment; null if there is nothing.
  function pause() {
    return since.images ? report(true) : null;
  }

  function report(withTest) {
    const { images, loss, correct } = since;
    since = noImages();
    return { epoch: count / batchesAnEpoch, loss: loss / images, accuracy: correct / images,
             testAccuracy: withTest ? evaluateAll(network, test).accuracy : null };
  }

  return { begin, step, pause };
}

function noImages() {
  return { images: 0, loss: 0, correct: 0 };
}

// Mean loss and accuracy, some images at a time: all at once would need much memory.
export function evaluateAll(network, { inks, labels }) {
  const pixels = inks.length / labels.length;
  let losses = 0, correct = 0;
  for (let start = 0; start < labels.length; start += IMAGES_AT_ONCE) {
    const end = Math.min(start + IMAGES_AT_ONCE, labels.length), count = end - start;
    const part = { inks: inks.subarray(start * pixels, end * pixels), labels: labels.subarray(start, end) };
    const { loss, accuracy } = evaluateBatch(network, part);
    losses += loss * count;
    correct += accuracy * count;
  }
  return { loss: losses / labels.length, accuracy: correct / labels.length };
}
