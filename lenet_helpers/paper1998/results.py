"""What ``benchmarks/lenet5_1998.py`` found, beside what the 1998 paper published."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from lenet_helpers.tables import Table
from lenet_helpers.words import LessonError, Words

FULL_SIZE = 60_000
HEADINGS = (
    Words("方法", "Method"), Words("论文 %", "Published %"), Words("这里 %", "Here %"),
    Words("差", "Difference"), Words("我们做得不同的地方", "What we did differently"),
)  # fmt: skip
# Northcutt, Athalye and Mueller (2021) had five people look at each of 100 test images whose label
# their method doubted. These are the 15 of which fewer than three agreed with the label, with that
# label: computed from mturk/mnist_mturk.json in the repository github.com/cleanlab/label-errors.
DOUBTFUL_LABELS = {
    947: 8, 1621: 0, 1901: 9, 2130: 4, 2462: 2, 2597: 5, 2654: 6, 3520: 6, 3558: 5, 5937: 5,
    6651: 0, 6783: 1, 8527: 4, 9679: 6, 9729: 5,
}  # fmt: skip


class PaperRow(NamedTuple):
    """A row of Fig. 9: its name in the results file, if it was done, and its test error (%)."""

    method: str | None
    title: Words
    published: float
    differently: Words


_LEAST_SQUARES = Words("最小二乘的精确解", "least squares, solved exactly")
_SQUARED = Words("小批量；平方误差；标准化的 28×28 像素",
                 "mini-batches; squared error; standardised 28×28 pixels")  # fmt: skip
_UPRIGHT = Words("每幅图像先按墨的矩剪切成正的", "each image first sheared upright by its moments")
_NEW_SVM = Words("没有做：scikit-learn 里没有", "left out: not in scikit-learn")
_LENET4 = Words("没有做：我们的资料里没有它的连接表", "left out: its links are not in our sources")
PAPER_ROWS = [PaperRow(*row) for row in (
    ("linear", Words("线性分类器", "Linear classifier"), 12.0, _LEAST_SQUARES),
    ("linear_deslanted", Words("线性分类器，去倾斜", "Linear classifier, deslanted"), 8.4,
     _UPRIGHT),
    ("pairwise", Words("成对线性分类器", "Pairwise linear classifier"), 7.6,
     Words("最小二乘；45 个单元投票", "least squares; the 45 units vote")),
    ("knn", Words("K 近邻（欧氏距离）", "K nearest neighbours, Euclidean"), 5.0,
     Words("K = 3；用全部 28×28 个像素", "K = 3; on all 28×28 pixels")),
    ("knn_deslanted", Words("K 近邻，去倾斜", "K nearest neighbours, deslanted"), 2.4, _UPRIGHT),
    ("pca_quadratic", Words("40 个主成分 + 二次分类器", "40 PCA + quadratic classifier"), 3.3,
     _LEAST_SQUARES),
    ("rbf", Words("1,000 个 RBF + 线性", "1,000 RBF + linear classifier"), 3.6,
     Words("宽度在留出的训练图像上选定", "width chosen on held-out training images")),
    (None, Words("切距离", "Tangent distance"), 1.1,
     Words("没有做：一万幅各要与六万幅求切距离",
           "left out: 10,000 × 60,000 distances between tangent planes")),
    ("svm", Words("四次多项式 SVM", "SVM, polynomial of degree 4"), 1.1,
     Words("今天的求解器；每幅图像缩放到单位长度",
           "a solver of today; each image scaled to unit length")),
    (None, Words("精简的 SVM", "Reduced-set SVM"), 1.0, _NEW_SVM),
    (None, Words("虚拟 SVM，加变形", "Virtual SVM, with distortions"), 0.8,
     Words("没有做：支持向量变形后再训练一次，要几个小时",
           "left out: a second SVM on its distorted support vectors takes hours")),
    ("two_layer_300", Words("两层网络，300 个隐藏单元", "Two layers, 300 hidden units"), 4.7,
     _SQUARED),
    ("two_layer_300_distorted", Words("同上，加变形", "The same, with distortions"), 3.6,
     Words("每一轮都是新的变形；30 轮", "new distortions in every pass; 30 passes")),
    ("two_layer_300_deslanted", Words("同上，去倾斜", "The same, deslanted"), 1.6,
     Words("每幅图像先按墨的矩剪切成正的；论文用 20×20 的图像",
           "each image first sheared upright by its moments; the paper took 20×20 pixels")),
    ("two_layer_1000", Words("两层网络，1,000 个隐藏单元", "Two layers, 1,000 hidden units"), 4.5,
     _SQUARED),
    ("three_layer_300", Words("三层网络，300 和 100 个", "Three layers, 300 and 100"), 3.05,
     _SQUARED),
    ("three_layer_500", Words("三层网络，500 和 150 个", "Three layers, 500 and 150"), 2.95,
     _SQUARED),
    ("lenet1", Words.same("LeNet-1"), 1.7,
     Words("小批量；28×28 的图像，论文用 16×16；H2 与 H3 的连接照 1989 年的网络",
           "mini-batches; 28×28 pixels, the paper took 16×16; links as in the network of 1989")),
    (None, Words.same("LeNet-4"), 1.1, _LENET4),
    ("lenet5", Words.same("LeNet-5"), 0.95,
     Words("小批量；自己画的位图；j = 10", "mini-batches; our own bitmaps; j = 10")),
    ("lenet5_per_pattern", Words("LeNet-5，逐个样例训练", "LeNet-5, trained one pattern at a time"),
     0.95,
     Words("论文的 20 轮和学习率；μ 取 84 × 0.02",
           "the paper's 20 passes and rates; μ is 84 × 0.02")),
    ("lenet5_distorted", Words("LeNet-5，加变形", "LeNet-5 with distortions"), 0.8,
     Words("每一轮都是新的变形；轮数更多", "new distortions in every pass; more passes")),
    (None, Words("提升的 LeNet-4，加变形", "Boosted LeNet-4, with distortions"), 0.7, _LENET4),
)]  # fmt: skip


def read_runs(file: Path) -> pd.DataFrame:
    """A row a run: method, seed, train_size, test_error (%), …; a `LessonError` if no file."""
    if not file.is_file():
        raise LessonError(
            f"没有结果文件 {file}。请在课程的 notebooks 文件夹中打开本课；"
            "运行 python benchmarks/lenet5_1998.py 可以重新生成它。",
            f"There is no results file {file}. Open this lesson in the course's folder notebooks; "
            "python benchmarks/lenet5_1998.py makes the file anew.",
        )
    return pd.read_json(file, lines=True)


def compare(runs: pd.DataFrame) -> Table:
    """Put the mean test error of each method, trained on all 60,000, beside the published one."""
    rows = []
    for method, title, published, differently in PAPER_ROWS:
        errors = runs[(runs.method == method) & (runs.train_size == FULL_SIZE)].test_error
        here, difference = Words("没有运行", "not run"), ""
        if len(errors):
            spread = f" ± {errors.std():.2f} (n = {len(errors)})" if len(errors) > 1 else ""
            here = f"{errors.mean():.2f}{spread}"
            difference = f"{errors.mean() - published:+.2f}".replace("-", "−")
        rows.append((title, f"{published:.2f}", here, difference, differently))
    return Table(HEADINGS, rows)
