#!/usr/bin/env python3
"""Figures that others compute: scipy, statsmodels, ville and ddsketch, over a grid of inputs.

Writes src/domain/tests/fixtures/oracles.json, which src/domain/tests/stats/oracles.rs compares with Seatrial's own
figures. `--check` computes them again and fails when the committed file says something else. Run by scripts/oracles.sh,
which installs the packages it needs.
"""

import json
import math
import pathlib
import sys

FILE = pathlib.Path(__file__).parent.parent / "src/domain/tests/fixtures/oracles.json"


def wilson_and_newcombe():
    from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

    counts = [(0, 20), (1, 7), (15, 148), (81, 263), (50, 100), (198, 200), (500, 500), (9, 100_000)]
    wilson = []
    for s, n in counts:
        low, high = proportion_confint(s, n, alpha=0.05, method="wilson")
        wilson.append({"s": s, "n": n, "low": float(low), "high": float(high)})
    newcombe = []
    for s1, n1 in counts:
        for s2, n2 in counts:
            low, high = confint_proportions_2indep(s1, n1, s2, n2, method="newcomb", compare="diff", alpha=0.05)
            newcombe.append({"s1": s1, "n1": n1, "s2": s2, "n2": n2, "low": float(low), "high": float(high)})
    return {"wilson": wilson, "newcombe": newcombe}


def special():
    from scipy import special as f
    from scipy import stats

    return {
        "normal_quantile": [{"p": p, "z": float(stats.norm.ppf(p))} for p in (1e-12, 1e-6, 0.01, 0.3, 0.5, 0.9, 0.9999)],
        "chi_square": [
            {"x": x, "degrees": k, "p": float(stats.chi2.sf(x, k))} for x in (0.1, 1.0, 7.0, 40.0) for k in (1, 2, 5, 9)
        ],
        "ln_beta": [{"a": a, "b": b, "value": float(f.betaln(a, b))} for a, b in ((0.5, 0.5), (1, 1), (91, 11), (1e5, 3.5))],
    }


def ranks():
    from scipy import stats

    found = []
    for n in (72, 100, 200, 1000, 5000):
        for q in (0.5, 0.95):
            low = int(stats.binom.ppf(0.025, n, q))
            high = int(stats.binom.ppf(0.975, n, q)) + 1
            found.append({"n": n, "q": q, "low": low, "high": high})
    return {"ranks": [row for row in found if row["low"] >= 1 and row["high"] <= row["n"]]}


def pairs_and_classes():
    from scipy import stats

    mcnemar = [
        {"lost": b, "won": c, "p": float(stats.binomtest(min(b, c), b + c, 0.5).pvalue)}
        for b, c in ((0, 1), (3, 3), (5, 14), (40, 66), (0, 30), (200, 260))
    ]
    g = []
    for first, second in (([300, 500, 200], [250, 520, 230]), ([12, 3], [4, 9]), ([70, 20, 10, 5], [60, 40, 1, 9])):
        result = stats.chi2_contingency([first, second], correction=False, lambda_="log-likelihood")
        g.append({"first": first, "second": second, "g": float(result.statistic), "p": float(result.pvalue)})
    return {"mcnemar": mcnemar, "g_test": g}


def mixtures():
    from scipy import special as f

    rows = []
    for s, n in ((90, 100), (180, 200), (3, 400), (0, 50)):
        for p in (0.01, 0.5, 0.93):
            value = f.betaln(1 + s, 1 + n - s) - f.betaln(1, 1) - s * math.log(p) - (n - s) * math.log1p(-p)
            rows.append({"s": s, "n": n, "p": p, "ln_e": float(value)})
    dirichlet = []
    for first, second in (([60, 30, 10], [20, 30, 50]), ([5, 1], [2, 9])):
        def sequence(counts):
            whole = 0.5 * len(counts)
            parts = sum(f.gammaln(k + 0.5) - f.gammaln(0.5) for k in counts)
            return parts + f.gammaln(whole) - f.gammaln(sum(counts) + whole)

        both = [a + b for a, b in zip(first, second)]
        common = sum(k * math.log(k / sum(both)) for k in both if k)
        dirichlet.append({"first": first, "second": second, "ln_e": float(sequence(first) + sequence(second) - common)})
    return {"beta_mixture": rows, "dirichlet": dirichlet}


def stream(n, seed):
    """A fixed stream of numbers in (0, 1), the same in both languages: a multiplicative generator."""
    state, values = seed, []
    for _ in range(n):
        state = (state * 48_271) % 2_147_483_647
        values.append(state / 2_147_483_647)
    return values


def sequences():
    import numpy
    from ville import AsymptoticCS, BernoulliCS, BernoulliTest
    from ville.evalues import ebh

    intervals, evidence = [], []
    for s, n in ((90, 100), (180, 200), (3, 400), (0, 50), (7, 7)):
        # What comes of a mixture depends on the two counts alone, in whatever order they came.
        outcomes = numpy.array([1.0] * s + [0.0] * (n - s))
        for a, b in ((1.0, 1.0), (0.5, 0.5)):
            known = BernoulliCS(alpha=0.05, prior=(a, b), intersect=False).fit(outcomes)
            intervals.append({"s": s, "n": n, "a": a, "b": b, "low": float(known.lower_[-1]), "high": float(known.upper_[-1])})
            for p in (0.02, 0.5, 0.93):
                test = BernoulliTest(p, prior=(a, b)).fit(outcomes)
                evidence.append({"s": s, "n": n, "a": a, "b": b, "p": p, "ln_e": float(test.log_e_values_[-1])})
    widths = []
    for n, best_at, alpha in ((100, 500, 0.05), (640, 500, 0.05), (5_000, 5_000, 0.01)):
        amounts = numpy.array(stream(n, 4_321))
        sequence = AsymptoticCS(alpha=alpha, t_opt=best_at)
        # Theirs looks for the best precision; ours is the paper's closed form, which is nearly that.
        sequence.rho_ = best_at / (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha)))
        sequence.fit(amounts)
        widths.append({
            "n": n, "best_at": best_at, "alpha": alpha, "variance": float(amounts.var(ddof=1)),
            "half_width": float(sequence.upper_[-1] - sequence.lower_[-1]) / 2,
        })
    rejected = []
    for alpha in (0.01, 0.05, 0.1, 0.3):
        for seed in (11, 12, 13, 14):
            # E-values over some six orders of magnitude, most of them small.
            e = [float(10 ** (6 * u**3 - 2)) for u in stream(24, seed)]
            found = [i for i, out in enumerate(ebh(numpy.array(e), alpha=alpha)) if out]
            rejected.append({"alpha": alpha, "ln_e": [math.log(value) for value in e], "rejected": found})
    return {"sequence": intervals, "mixture_evidence": evidence, "half_width": widths, "e_bh": rejected}


def sketches():
    from ddsketch import DDSketch

    # Amounts over six orders of magnitude.
    values = [1 + int(10 ** (6 * u)) for u in stream(5_000, 12_345)]
    sketch = DDSketch(0.01)
    for value in values:
        sketch.add(value)
    quantiles = [{"q": q, "value": float(sketch.get_quantile_value(q))} for q in (0.05, 0.25, 0.5, 0.9, 0.95, 0.99)]
    return {"sketch": {"seed": 12_345, "n": 5_000, "quantiles": quantiles}}


def compute():
    found = {}
    for part in (wilson_and_newcombe, special, ranks, pairs_and_classes, mixtures, sequences, sketches):
        found.update(part())
    return found


def same(a, b):
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) or isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)
    return a == b


def main():
    try:
        found = compute()
    except ImportError as missing:
        print(f"Python has no {missing.name}; run scripts/oracles.sh, which installs what this needs.", file=sys.stderr)
        return 1
    if "--check" in sys.argv:
        if same(json.loads(FILE.read_text()), found):
            print(f"The oracles give what {FILE.name} says.")
            return 0
        print(f"The oracles give other figures than {FILE}; run scripts/oracles.py and look at the difference.", file=sys.stderr)
        return 1
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(found, indent=1) + "\n")
    print(f"Written to {FILE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
