//! Numbers as people read them.

/// A duration in nanoseconds with three digits and a unit.
pub(super) fn duration(nanoseconds: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e3, "ns"), (1e6, "us"), (1e9, "ms"), (f64::INFINITY, "s")];
    // What would be written as 1000 has one unit more.
    let rounded = |unit: f64| (nanoseconds / unit * 10.0).round() / 10.0;
    let mut divisor = 1.0;
    for (next, unit) in UNITS {
        if rounded(divisor) < 999.5 || next.is_infinite() {
            let number = nanoseconds / divisor;
            let digits = match number {
                _ if unit == "ns" || number >= 99.95 => 0,
                _ if number >= 9.995 => 1,
                _ => 2,
            };
            return format!("{number:.digits$} {unit}");
        }
        divisor = next;
    }
    unreachable!("the last unit is endless")
}

/// A count with commas between thousands.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits() {
        let cases = [
            (0.0, "0 ns"),
            (1.4, "1 ns"),
            (999.4, "999 ns"),
            (999.9, "1.00 us"),
            (1_234.0, "1.23 us"),
            (12_345.0, "12.3 us"),
            (123_456.0, "123 us"),
            (999_999.0, "1.00 ms"),
            (1_500_000.0, "1.50 ms"),
            (2.5e9, "2.50 s"),
            (4.2e12, "4200 s"),
        ];
        for (nanoseconds, text) in cases {
            assert_eq!(duration(nanoseconds), text);
        }
    }

    #[test]
    fn thousands_are_told_apart() {
        let cases = [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")];
        for (number, text) in cases {
            assert_eq!(count(number), text);
        }
    }
}
