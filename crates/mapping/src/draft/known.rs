//! OKKI's own fields, as its detail answers show them (docs/okki-api.md §5.1): where they stand, and what their codes mean.

/// A field that every account has.
pub(super) struct Standard {
    pub id: &'static str,
    pub contact: bool,
    /// As OKKI calls it.
    pub label: &'static str,
    pub group: &'static str,
    /// `field_type`.
    pub kind: i64,
    /// Where a record has it, the best place first; none: under its group and caption.
    pub keys: &'static [&'static str],
}

const fn company(
    id: &'static str,
    label: &'static str,
    group: &'static str,
    kind: i64,
    keys: &'static [&'static str],
) -> Standard {
    Standard {
        id,
        contact: false,
        label,
        group,
        kind,
        keys,
    }
}

const fn contact(
    id: &'static str,
    label: &'static str,
    kind: i64,
    keys: &'static [&'static str],
) -> Standard {
    Standard {
        id,
        contact: true,
        label,
        group: "",
        kind,
        keys,
    }
}

const BASIC: &str = "基本信息";
const TRAITS: &str = "特征信息";
const MANAGED: &str = "管理信息";
const REACHED: &str = "联系信息";
const OTHER: &str = "其他信息";

pub(super) const STANDARD: &[Standard] = &[
    company("name", "公司名称", BASIC, 1, &["name"]),
    company("short_name", "简称", BASIC, 1, &["short_name"]),
    company("serial_id", "客户编号", BASIC, 1, &["serial_id"]),
    company("origin", "客户来源", BASIC, 3, &[]),
    company("origin_list", "客户来源", BASIC, 7, &[]),
    company("country", "国家地区", TRAITS, 3, &["country_name"]),
    company("province", "省份", "", 3, &["province"]),
    company("city", "城市", "", 3, &["city"]),
    company("timezone", "时区", TRAITS, 3, &[]),
    company("biz_type", "客户类型", TRAITS, 3, &[]),
    company("intention_level", "采购意向", TRAITS, 3, &[]),
    company("annual_procurement", "年采购额", TRAITS, 3, &[]),
    company("scale_id", "规模", TRAITS, 3, &[]),
    company("category_ids", "主营产品", TRAITS, 7, &[]),
    company("star", "客户星级", MANAGED, 5, &[]),
    company("group_id", "客户分组", MANAGED, 3, &[]),
    company("trail_status", "客户阶段", MANAGED, 3, &[]),
    company("cus_tag", "客户标签", "", 7, &["tag.*.tag_name"]),
    company("pool_id", "公海分组", "", 3, &["pool_name"]),
    company("homepage", "公司网址", REACHED, 1, &[]),
    company("tel", "座机", REACHED, 1, &[]),
    company("address", "详细地址", REACHED, 2, &[]),
    company("fax", "传真", REACHED, 1, &[]),
    company("remark", "公司备注", OTHER, 2, &[]),
    company("owner", "跟进人", "", 9, &["owner.*.nickname", "owner.*.name"]),
    company("company_id", "客户ID", "", 1, &["company_id"]),
    company("create_time", "创建时间", "", 10, &["create_time"]),
    company("update_time", "更新时间", "", 10, &["update_time"]),
    company("archive_time", "建档时间", "", 10, &["archive_time"]),
    company("order_time", "最近联系时间", "", 10, &["order_time"]),
    company(
        "recent_follow_up_time",
        "最近跟进时间",
        "",
        10,
        &["recent_follow_up_time"],
    ),
    company(
        "next_follow_up_time",
        "下次跟进时间",
        "",
        10,
        &["next_follow_up_time"],
    ),
    contact("name", "昵称", 1, &["customers.name"]),
    contact("email", "邮箱", 1, &["customers.email"]),
    contact("tel_list", "联系电话", 1, &["customers.tel_list"]),
    contact("post", "职位", 1, &["customers.post"]),
    contact("post_grade", "职级", 3, &["customers.post_grade"]),
    contact("gender", "性别", 3, &["customers.gender"]),
    contact("birth", "生日", 4, &["customers.birth"]),
    contact("remark", "联系人备注", 2, &["customers.remark"]),
];

/// The entry of a field.
pub(super) fn standard(id: &str, contact: bool) -> Option<&'static Standard> {
    STANDARD.iter().find(|one| one.id == id && one.contact == contact)
}

/// What the codes of a field mean (docs/okki-api.md §6).
pub(super) fn codes(id: &str, contact: bool) -> Option<&'static [(&'static str, &'static str)]> {
    Some(match (id, contact) {
        ("annual_procurement", false) => &[
            ("0", "无采购额"),
            ("1", "0~1千美元"),
            ("2", "1千~5千美元"),
            ("3", "5千美元~1万美元"),
            ("4", "1万~3万美元"),
            ("5", "3万~5万美元"),
            ("6", "5~10万美元"),
            ("7", "10万~30万美元"),
            ("8", "30万~50万美元"),
            ("9", "50~100万美元"),
            ("10", "100万~500万美元"),
            ("11", "500万美元以上"),
        ],
        ("intention_level", false) => &[("0", "未知"), ("1", "低"), ("2", "中"), ("3", "高")],
        ("scale_id", false) => &[
            ("0", ""),
            ("1", "1~59人"),
            ("2", "60~149人"),
            ("3", "150~499人"),
            ("4", "500~999人"),
            ("5", "1000~4999人"),
            ("6", "5000人以上"),
        ],
        ("gender", true) => &[("0", ""), ("1", "男"), ("2", "女")],
        _ => return None,
    })
}
