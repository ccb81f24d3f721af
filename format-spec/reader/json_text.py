"""JSON as it is stored: compact, keys sorted, one form for each number. "JSON" and "Values" of README.md."""

import json
import math

DEEPEST = 64  # levels, of which the properties object of an event is the first


class Double(float):
    """A number that is not an integer of 64 bits. Keeps its decimals as they stand in stored JSON."""

    def __new__(cls, number, text=None):
        double = super().__new__(cls, number)
        if not math.isfinite(double) or is_integer(double):
            raise ValueError(f"{text or number} is not in the one form of a number")
        double.text = text or decimals(double)
        return double


def is_integer(number):
    """Whether a number has to be stored as an integer."""
    return number == math.floor(number) and -(1 << 63) <= number < 1 << 64


def one_form(number):
    """A finite double as the integer or the double that it has to be stored as."""
    return int(number) if is_integer(number) else Double(number)


def decimals(number):
    """The shortest decimals of a double, as an export shows them: 0.00001, 1.5e-6, 1.8446744073709552e+19."""
    mantissa, _, exponent = repr(abs(float(number))).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    point = len(whole) - len(whole + fraction) + len(digits) + int(exponent or 0)  # 0.ddd times ten to this
    digits, sign = digits.rstrip("0"), "-" if number < 0 else ""
    if not -5 < point <= 16:
        fraction = "." + digits[1:] if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{fraction}e{point - 1:+d}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    return f"{sign}{digits[:point]}.{digits[point:]}"


def write(value):
    """A value as compact JSON. Objects are written in their own order."""
    if isinstance(value, Double):
        return value.text
    if isinstance(value, list):
        return "[" + ",".join(map(write, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{write(name)}:{write(inner)}" for name, inner in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def parse(text, deepest=DEEPEST):
    """A list or an object from stored JSON. A ValueError says what is not as JSON is stored."""
    value = json.loads(text, parse_float=lambda decimals: Double(float(decimals), decimals), parse_int=_integer,
                       parse_constant=_refuse, object_pairs_hook=_object)
    if write(value) != text:
        raise ValueError("JSON is not compact")
    if depth(value) > deepest:
        raise ValueError(f"JSON is deeper than {deepest} levels")
    return value


def depth(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def _integer(digits):
    if len(digits) > 20 or not is_integer(int(digits)):
        raise ValueError(f"{digits[:30]} is not in the one form of a number")
    return int(digits)


def _refuse(word):
    raise ValueError(f"{word} is no JSON")


def _object(pairs):
    names = [name.encode("utf-8", "surrogatepass") for name, _ in pairs]
    if not all(one < next_one for one, next_one in zip(names, names[1:])):
        raise ValueError("the keys of an object are not sorted, or not different")
    return dict(pairs)
