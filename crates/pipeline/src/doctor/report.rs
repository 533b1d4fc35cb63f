//! Prints the findings, as a table or as JSON.

use super::finding::{Finding, Health};
use crate::table;

/// Prints the findings as a table, or as JSON.
///
/// # Errors
/// When something is bad, or the output is closed.
pub fn report(findings: &[Finding], json: bool) -> anyhow::Result<()> {
    let bad = bad(findings);
    let text = if json {
        let report = serde_json::json!({ "ok": bad == 0, "findings": findings });
        format!("{report:#}\n")
    } else {
        table(findings)
    };
    crate::say_text!("{text}")?;
    judged(findings)
}

fn bad(findings: &[Finding]) -> usize {
    let is_bad = |finding: &&Finding| finding.health == Health::Bad;
    findings.iter().filter(is_bad).count()
}

/// Fails when something is bad, and says how much.
///
/// # Errors
/// It is.
pub fn judged(findings: &[Finding]) -> anyhow::Result<()> {
    let bad = bad(findings);
    words::ensure!(
        bad == 0,
        "{bad} of {} things are not as they must be",
        findings.len()
    );
    Ok(())
}

fn table(findings: &[Finding]) -> String {
    let mut lines = table::plain();
    for Finding {
        what,
        health,
        seen,
        remedy,
    } in findings
    {
        lines.add_row([health.sign(), words::said(what), seen]);
        if !remedy.is_empty() {
            lines.add_row(["", "", &format!("→ {remedy}")]);
        }
    }
    table::text(lines, &[1, 2, 0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_gives_a_remedy_for_what_is_wrong() {
        let findings = [
            Finding::good("broker", "RabbitMQ 4.1"),
            Finding::bad("eviction", "allkeys-lru", "set noeviction"),
        ];
        let expected = "✓ broker    RabbitMQ 4.1\n✗ eviction  allkeys-lru\n            → set noeviction\n";
        assert_eq!(table(&findings), expected);
        assert!(report(&findings, true).is_err());
        assert!(report(&findings[..1], false).is_ok());
    }

    #[test]
    fn chinese_text_is_as_wide_as_a_terminal_shows_it() {
        let findings = [Finding::good("控件 电话", "text"), Finding::good("form", "列")];
        assert_eq!(table(&findings), "✓ 控件 电话  text\n✓ form       列\n");
    }
}
