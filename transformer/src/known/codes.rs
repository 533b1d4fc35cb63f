//! Codes of OKKI's lists (docs/okki-api.md §6).

const PROCUREMENT: &[&str] = &[
    "无采购额",
    "0~1千美元",
    "1千~5千美元",
    "5千~1万美元",
    "1万~3万美元",
    "3万~5万美元",
    "5万~10万美元",
    "10万~30万美元",
    "30万~50万美元",
    "50万~100万美元",
    "100万~500万美元",
    "500万美元以上",
];
const STARS: &[&str] = &["0星", "1星", "2星", "3星", "4星", "5星"];
const INTENTIONS: &[&str] = &["未知", "低", "中", "高"];

/// The labels of a key's codes, from code 0 on.
pub(super) fn labels(key: &str) -> Option<&'static [&'static str]> {
    Some(match key {
        "特征信息年采购额" | "annual_procurement" => PROCUREMENT,
        "管理信息客户星级" | "star" => STARS,
        "特征信息采购意向" | "intention_level" => INTENTIONS,
        _ => return None,
    })
}

/// The code whose label a text is, whichever tilde it is written with.
pub(super) fn code_of(labels: &[&str], text: &str) -> Option<usize> {
    let text = text.trim().replace(['～', '-', '—'], "~");
    labels.iter().position(|label| *label == text)
}
