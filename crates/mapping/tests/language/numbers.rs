//! What the comparison with a server has taught about numbers; each result is MariaDB's.

#![allow(clippy::unwrap_used)]

use crate::support::sql;

fn all(rows: &[(&str, &str)]) {
    for (expression, expected) in rows {
        assert_eq!(sql(expression), *expected, "{expression}");
    }
}

#[test]
fn operators_compare_quotients_as_they_are_printed() {
    all(&[
        ("3.3333 = 10/3", "1"),
        ("3.33333 = 10/3", "0"),
        ("2/735359 > 0", "0"),
        ("NULLIF(10/3, 3.3333)", ""),
        ("10/3 IN (3.3333)", "1"),
        // All digits count here.
        ("10/3 IN (3.3333, 5)", "0"),
        ("3.3333 BETWEEN 10/3 AND 10/3", "0"),
        ("CASE 10/3 WHEN 3.3333 THEN 'y' ELSE 'n' END", "n"),
        ("IF(2/735359, 't', 'f')", "t"),
        ("10/3 = 3.3333e0", "0"),
    ]);
}

#[test]
fn the_largest_of_texts_is_a_number_where_one_is_wanted() {
    all(&[
        ("GREATEST('3', '12')", "3"),
        ("GREATEST('3', '12') * 1", "12"),
        ("-GREATEST('3', '12')", "-12"),
        ("ABS(LEAST('3', '12'))", "3"),
        ("LEAST('b', '1') + 1", "1"),
        ("IF(LEAST('b', '1'), 't', 'f')", "f"),
        ("GREATEST('12', '3') = 12", "1"),
        ("GREATEST('3', '12') IN (12, 99)", "1"),
        (
            "CASE GREATEST('3', '12') WHEN 12 THEN 'num' WHEN 3 THEN 'text' END",
            "num",
        ),
        ("COALESCE(GREATEST('3', '12')) + 0", "3"),
    ]);
}

#[test]
fn fraction_digits_follow_the_types() {
    all(&[
        ("ROUND(-(DATEDIFF('2024-01-05', '2025-10-01')), 3)", "635.000"),
        ("ROUND(-(-2), 3)", "2"),
        ("TRUNCATE(IFNULL(FLOOR(NULL), 7 DIV 2), 3)", "3.000"),
        ("FLOOR('7' + 0) * 0.5", "3.5"),
        ("IF(1, FLOOR('12abc' + 0), 1.134)", "12.000"),
        ("ROUND(COALESCE(SIGN(0.3), -(NULL)), 3)", "1.000"),
        ("COALESCE(1 / GREATEST(396, NULL, 65.24), -1)", "-1.000000"),
        (
            "CAST(-644709 AS DECIMAL(10,2)) / (45.26 * 26.95) * -571",
            "301805.063632",
        ),
        ("-77.69 / 0.4 DIV (582 / ROUND(521, 1))", "-173"),
    ]);
}
