//! What MySQL computes and hardly anybody means: texts that count as numbers, comparisons that never hold, patterns of
//! another language. Such an expression is computed as it is written, and its author is told.

mod dates;
mod null;
mod texts;

use sqlparser::ast::{self, BinaryOperator, Expr as Tree, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::super::expression::Pattern;
use super::parse::marker;

/// What is odd about one node, and what to write; `asks_null`: the expression tells NULL apart somewhere, `has_pipes`: it
/// writes OR as `||`.
pub(super) fn trap(tree: &Tree, asks_null: bool, has_pipes: bool) -> Option<(String, String)> {
    let null = || null::trap(tree).filter(|_| !asks_null);
    let joined = || texts::joined(tree).filter(|_| has_pipes);
    joined()
        .or_else(|| misread(tree))
        .or_else(null)
        .or_else(|| texts::trap(tree))
}

fn misread(tree: &Tree) -> Option<(String, String)> {
    match tree {
        Tree::BinaryOp { left, op, right } => operation(left, op, right),
        Tree::Case {
            operand: None,
            conditions,
            ..
        } => conditions.iter().find_map(|when| alone(&when.condition, "WHEN")),
        Tree::IsNull(value) | Tree::IsNotNull(value) => quoted_placeholder(value).then(|| {
            (
                words::text!("a placeholder in quotes is never NULL, at most empty").to_owned(),
                words::text!("write '{{key}}'='' or '{{key}}'<>''").to_owned(),
            )
        }),
        Tree::Function(function) => call(function),
        _ => None,
    }
}

fn operation(left: &Tree, op: &BinaryOperator, right: &Tree) -> Option<(String, String)> {
    let is_null = |tree: &Tree| matches!(tree, Tree::Value(value) if matches!(value.value, ast::Value::Null));
    match op {
        BinaryOperator::Plus if is_word(left) || is_word(right) => Some((
            words::text!("+ adds numbers, and a text counts as 0").to_owned(),
            words::text!("write CONCAT(a, b) to join texts").to_owned(),
        )),
        BinaryOperator::Eq | BinaryOperator::NotEq if is_null(left) || is_null(right) => Some((
            words::text!("a comparison with NULL never holds").to_owned(),
            words::text!("write IS NULL or IS NOT NULL, and ='' for a value of the record").to_owned(),
        )),
        BinaryOperator::Or | BinaryOperator::And => {
            let name = if *op == BinaryOperator::Or { "OR" } else { "AND" };
            let both = text(left).is_some() && text(right).is_some();
            both.then(|| told_alone(name))
                .or_else(|| alone(right, name))
                .or_else(|| match left {
                    Tree::BinaryOp {
                        left,
                        op: inner,
                        right,
                    } if inner == op => operation(left, inner, right),
                    other => alone(other, name),
                })
        }
        _ => None,
    }
}

/// A text or a number where a comparison is expected.
fn alone(tree: &Tree, beside: &str) -> Option<(String, String)> {
    let is_text = text(tree).is_some() && !quoted_placeholder(tree);
    let is_number = matches!(tree, Tree::Value(value)
        if matches!(&value.value, ast::Value::Number(number, _) if !matches!(number.as_str(), "0" | "1")));
    (is_text || is_number).then(|| told_alone(beside))
}

fn told_alone(beside: &str) -> (String, String) {
    (
        words::tr!("a value stands alone beside {beside}, where a comparison is expected"),
        words::text!("write {{key}}='1' OR {{key}}='2', or {{key}} IN ('1','2'); CONCAT(a, b) joins texts")
            .to_owned(),
    )
}

/// The content of a quoted text.
fn text(tree: &Tree) -> Option<&str> {
    let Tree::Value(value) = tree else { return None };
    match &value.value {
        ast::Value::SingleQuotedString(text) | ast::Value::DoubleQuotedString(text) => Some(text),
        _ => None,
    }
}

/// A fixed text that is no number.
fn is_word(tree: &Tree) -> bool {
    text(tree).is_some_and(|text| {
        let fixed = text.chars().all(|c| marker(c).is_none());
        let digits = text.trim().trim_start_matches(['+', '-', '.']);
        fixed && !text.trim().is_empty() && !digits.starts_with(|c: char| c.is_ascii_digit())
    })
}

fn quoted_placeholder(tree: &Tree) -> bool {
    text(tree).is_some_and(|text| text.chars().any(|c| marker(c).is_some()))
}

fn call(function: &ast::Function) -> Option<(String, String)> {
    let name = function.name.to_string().to_ascii_uppercase();
    let FunctionArguments::List(list) = &function.args else {
        return None;
    };
    let args: Vec<&Tree> = list
        .args
        .iter()
        .filter_map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect();
    match name.as_str() {
        "IFNULL" | "COALESCE" | "NVL" => {
            let (_, tested) = args.split_last()?;
            tested.iter().any(|arg| quoted_placeholder(arg)).then(|| {
                (
                    words::tr!("{name} never acts: a placeholder in quotes is never NULL, at most empty"),
                    words::text!(
                        "write IFNULL({{key}}, …) without quotes, or IF('{{key}}'='', …, '{{key}}')"
                    )
                    .to_owned(),
                )
            })
        }
        "DATE_FORMAT" | "STR_TO_DATE" | "FROM_UNIXTIME" | "TIME_FORMAT" => {
            let pattern = text(args.get(1)?)?;
            if pattern.contains('%') {
                return dates::trap(pattern);
            }
            let is_foreign = !pattern.contains('%') && pattern.chars().any(|c| c.is_ascii_alphabetic());
            is_foreign.then(|| {
                let right = Pattern::parse(pattern).map(|pattern| pattern.sql());
                let right = right.unwrap_or_else(|_| "%Y-%m-%d %H:%i:%s".to_owned());
                (
                    words::tr!(
                        "{name} has no sign % in its pattern '{pattern}', so nothing of the date is in it"
                    ),
                    words::tr!("write '{right}'"),
                )
            })
        }
        name => texts::call(name, &args),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::super::expression::Expression;

    fn hints(expression: &str) -> String {
        let compiled = Expression::compile(&format!("_function {expression}")).unwrap();
        let all: Vec<_> = compiled
            .hints()
            .iter()
            .map(|hint| format!("{} / {}", hint.message, hint.remedy.clone().unwrap_or_default()))
            .collect();
        all.join("\n")
    }

    #[test]
    fn what_mysql_computes_and_hardly_anybody_means_is_told() {
        for (expression, part) in [
            ("'a'+'b'", "CONCAT(a, b)"),
            ("'{{a}}'+'-'+'{{b}}'", "CONCAT(a, b)"),
            ("'a'||'b'", "|| is OR in MySQL"),
            ("'{{a}}'||'{{b}}'", "|| is OR in MySQL"),
            ("{{a}}||{{b}}", "|| is OR in MySQL"),
            ("LEFT('{{a}}',2)||UPPER('{{b}}')", "|| is OR in MySQL"),
            ("IFNULL({{a}},'')||'{{b}}'", "|| is OR in MySQL"),
            (
                "CASE WHEN '{{x}}'='1' OR '2' THEN 'a' END",
                "stands alone beside OR",
            ),
            (
                "CASE WHEN {{x}}=1 OR 2 OR 3 THEN 'a' END",
                "stands alone beside OR",
            ),
            ("CASE WHEN 'x' or 'y' THEN 'a' END", "stands alone beside OR"),
            ("CASE WHEN 'x' THEN 'a' END", "stands alone beside WHEN"),
            ("IF('{{x}}'=NULL,'a','b')", "IS NULL"),
            ("IF('{{x}}'<>NULL,'a','b')", "IS NULL"),
            ("IFNULL('{{x}}','a')", "IFNULL never acts"),
            ("COALESCE('{{x}}','{{y}}','a')", "COALESCE never acts"),
            ("IF('{{x}}' IS NULL,'a','b')", "'{{key}}'=''"),
            ("DATE_FORMAT('{{d}}','yyyy-MM-dd')", "write '%Y-%m-%d'"),
            (
                "DATE_FORMAT('{{d}}','YYYY/MM/DD HH:mm')",
                "write '%Y/%m/%d %H:%i'",
            ),
            ("STR_TO_DATE('{{d}}','yyyy-mm-dd')", "write '%Y-%m-%d'"),
            ("FROM_UNIXTIME({{d}},'yyyy-MM-dd')", "write '%Y-%m-%d'"),
            ("IF({{x}}='','a','b')", "NULL is not equal to ''"),
            ("IF(''={{x}},'a','b')", "NULL is not equal to ''"),
            ("IF({{x}} IN ('','0'),'a','b')", "NULL is not equal to ''"),
            (
                "CASE {{x}} WHEN '' THEN 'a' ELSE 'b' END",
                "NULL is not equal to ''",
            ),
            ("IF({{x}}<>'DE','a','b')", "<> does not hold for NULL"),
            ("IF({{x}}!={{y}},'a','b')", "<> does not hold for NULL"),
            ("IF({{x}} NOT IN ('CN'),'a','b')", "NOT IN does not hold for NULL"),
            (
                "IF({{x}} NOT LIKE 'C%','a','b')",
                "NOT LIKE does not hold for NULL",
            ),
            (
                "DATE_FORMAT('{{d}}','%Y-%m-%d %h:%i:%s')",
                "write '%Y-%m-%d %H:%i:%s'",
            ),
            (
                "DATE_FORMAT('{{d}}','%Y-%m-%d %H:%m:%s')",
                "write '%Y-%m-%d %H:%i:%s'",
            ),
            ("DATE_FORMAT('{{d}}','%H:%M')", "write '%H:%i'"),
            ("DATE_FORMAT('{{d}}','%Y-%M-%D')", "write '%Y-%m-%d'"),
            ("FROM_UNIXTIME({{d}},'%Y/%M/%D')", "write '%Y/%m/%d'"),
            ("CONCAT_WS('-','{{x}}','{{y}}')", "NULLIF('{{key}}','')"),
            ("GROUP_CONCAT({{l.x}},'、')", "SEPARATOR '、'"),
            ("FIND_IN_SET('FR','DE, FR')", "write 'DE,FR'"),
            ("FIND_IN_SET('DE,FR','{{x}}')", "one entry first"),
            ("'{{x}}' IN ('DE,FR,IT')", "write IN ('DE','FR','IT')"),
            ("1<{{x}}<2", "AND {{key}}<2"),
            ("'{{x}}' LIKE 'D'", "write LIKE '%…%'"),
            ("{{x}} BETWEEN 5 AND 1", "BETWEEN 1 AND 5"),
            (
                "'{{x}}' BETWEEN '2024-12-31' AND '2024-01-01'",
                "the smaller one first",
            ),
        ] {
            assert!(
                hints(expression).contains(part),
                "{expression}: {}",
                hints(expression)
            );
        }
        for expression in [
            "IF({{x}}='a'||'{{y}}'='b','a','b')",
            "IF({{x}} OR {{y}},'a','b')",
            "GROUP_CONCAT({{l.x}},'=',{{l.y}})",
            "IF({{x}}<>'','a','b')",
            "IF({{x}}<>0,1/{{x}},'')",
            "IF({{x}}='' OR {{x}} IS NULL,'a','b')",
            "IF({{x}}='DE','a','b')",
            "IF('{{x}}' NOT IN ('DE'),'a','b')",
            "CASE {{x}} WHEN 'A' THEN 'a' ELSE 'b' END",
            "'{{x}}' LIKE '%D%'",
            "'{{x}}' LIKE '{{y}}%'",
            "{{x}} BETWEEN 1 AND 5",
            "'{{x}}' BETWEEN '2024-01-01' AND '2024-12-31'",
            "'{{x}}' IN ('DE','FR')",
            "FIND_IN_SET('DE','DE,FR')",
            "CONCAT_WS('-',NULLIF('{{x}}',''),{{y}},'c')",
            "CONCAT_WS('','{{x}}','{{y}}')",
            "DATE_FORMAT('{{d}}','%Y-%m-%d %H:%i:%s')",
            "DATE_FORMAT('{{d}}','%Y年%m月%d日')",
            "DATE_FORMAT('{{d}}','%h:%i %p')",
            "DATE_FORMAT('{{d}}','%M %D, %Y')",
            "DATE_FORMAT('{{d}}','%m')",
            "'{{a}}'+1",
            "'{{a}}'+'{{b}}'",
            "'1'+'2'",
            "CASE WHEN '{{flag}}' THEN 'a' END",
            "CASE '{{x}}' WHEN '1' THEN 'a' END",
            "CASE WHEN '{{x}}'='1' OR '{{x}}'='2' AND {{y}} THEN 'a' END",
            "IFNULL({{x}},'{{y}}')",
            "COALESCE({{x}},{{y}},'')",
            "{{x}} IS NULL",
            "DATE_FORMAT('{{d}}','%Y-%m-%d')",
            "DATE_FORMAT('{{d}}','{{pattern}}')",
        ] {
            assert_eq!(hints(expression), "", "{expression}");
        }
    }
}
