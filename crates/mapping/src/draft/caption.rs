//! When two captions mean the same: width, case, blanks and punctuation do not count.

use unicode_normalization::UnicodeNormalization;

/// Words that half of all captions hold, so that they say nothing about which field is meant.
const COMMON: &[&str] = &[
    "客户",
    "公司",
    "企业",
    "信息",
    "名称",
    "时间",
    "日期",
    "编号",
    "类型",
    "状态",
    "号码",
    "人员",
    "其他",
    "联系人",
    "最近",
    "下次",
    "name",
    "date",
    "time",
    "type",
    "number",
    "company",
    "customer",
];
/// A caption of Chinese characters may be so short and still say something; one of letters may not.
const SHORTEST_CHINESE: usize = 2;
const SHORTEST: usize = 4;

/// The caption without what does not count.
pub(super) fn normal(caption: &str) -> String {
    caption
        .nfkc()
        .flat_map(char::to_lowercase)
        .filter(|c| c.is_alphanumeric())
        .collect()
}

/// How much of two captions, both normal, is the same when one of them holds the other one; nothing when that is a common
/// word, or less than half of the longer one.
pub(super) fn overlap(one: &str, other: &str) -> Option<usize> {
    let (short, long) = match one.chars().count() <= other.chars().count() {
        true => (one, other),
        false => (other, one),
    };
    let (length, of) = (short.chars().count(), long.chars().count());
    let shortest = match short.is_ascii() {
        true => SHORTEST,
        false => SHORTEST_CHINESE,
    };
    let says_something = length >= shortest && !COMMON.contains(&short);
    (says_something && length * 2 >= of && long.contains(short)).then_some(length)
}

/// The caption, normal, without the word that makes it one of a contact: 联系人邮箱 is 邮箱 of a contact.
pub(super) fn of_contact(normal: &str) -> Option<&str> {
    let rest = ["主要联系人", "主联系人", "联系人"]
        .iter()
        .find_map(|word| normal.strip_prefix(word))?;
    let rest = rest.strip_prefix('的').unwrap_or(rest);
    (!rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_case_blanks_and_punctuation_do_not_count() {
        for (caption, expected) in [
            (" 客户 名称 ", "客户名称"),
            ("客户名称：", "客户名称"),
            ("*客户名称（必填）", "客户名称必填"),
            ("Ｅ－ｍａｉｌ", "email"),
            ("E-Mail", "email"),
            ("国家/地区", "国家地区"),
            ("国家／地区", "国家地区"),
            ("\u{3000}电话\u{a0}", "电话"),
            ("①", "1"),
            ("？！", ""),
        ] {
            assert_eq!(normal(caption), expected, "{caption}");
        }
    }

    #[test]
    fn what_is_contained_must_be_half_of_it_and_no_common_word() {
        for (one, other, expected) in [
            ("客户来源渠道", "客户来源", Some(4)),
            ("客户来源", "客户来源渠道", Some(4)),
            ("备注", "公司备注", Some(2)),
            ("客户", "客户来源", None),
            ("名称", "公司名称", None),
            ("额", "年采购额", None),
            ("营业额", "上一年度营业额合计", None),
            ("年营业额万元", "营业额", Some(3)),
            ("fax", "faxno", None),
            ("skypeid", "skype", Some(5)),
            ("来源", "阶段", None),
            ("", "阶段", None),
        ] {
            assert_eq!(overlap(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn captions_of_contacts_are_known_by_their_first_word() {
        assert_eq!(of_contact("联系人邮箱"), Some("邮箱"));
        assert_eq!(of_contact("主要联系人的职位"), Some("职位"));
        assert_eq!(of_contact("联系人"), None);
        assert_eq!(of_contact("邮箱"), None);
    }
}
