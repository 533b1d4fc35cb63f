//! Words for the generator: plausible ones, and the ones that break careless code.

pub(super) const CITIES: &[&str] = &[
    "深圳",
    "宁波",
    "Hamburg",
    "São Paulo",
    "İzmir",
    "Łódź",
    "Москва",
    "القاهرة",
    "大阪",
    "서울",
    "Aix",
    "Cork",
];
pub(super) const TRADES: &[&str] = &[
    "进出口贸易",
    "精密机械",
    "Trading",
    "Industries",
    "照明",
    "Textil",
    "Электро",
    "五金制品",
    "Foods",
    "家居",
];
pub(super) const FORMS: &[&str] = &[
    "有限公司",
    "GmbH",
    "Ltd.",
    "S.A.",
    "集团",
    "Inc",
    "OOO",
    "& Sons",
    "（中国）股份公司",
];
pub(super) const COUNTRIES: &[(&str, &str)] = &[
    ("", ""),
    ("CN", "中国"),
    ("DE", "德国"),
    ("US", "美国"),
    ("CI", "Côte d'Ivoire"),
    ("BR", "巴西"),
    ("TR", "土耳其"),
    ("JP", "日本"),
    ("GB", "英国 🇬🇧"),
];
pub(super) const ORIGINS: &[&str] = &[
    "",
    "展会",
    "阿里巴巴国际站",
    "Google",
    "客户介绍",
    "邮件\"群发\"",
    "官网/SEO",
    "O'Reilly 目录",
];
pub(super) const TAGS: &[&str] = &[
    "VIP",
    "老客户",
    "O'Neil",
    "价格敏感",
    "50% off",
    "双\"引号\"",
    "尾斜杠\\",
    "🔥热",
    "待回访",
    "A、B",
    "0",
    "null",
    " 前后空格 ",
    "",
    "{{name}}",
];
/// Group ids and their names; 0 is how OKKI says "no group".
pub(super) const GROUPS: &[(i64, &str)] = &[
    (0, "未分组"),
    (101, "欧洲区"),
    (102, "美洲区"),
    (103, "重点客户/A类"),
    (104, "O'Brien 组"),
];
pub(super) const STAGES: &[(&str, &str)] = &[
    ("0", "无"),
    ("21", "初步接触"),
    ("22", "报价"),
    ("23", "寄样"),
    ("24", "成交"),
    ("25", "流失（\"放弃\"）"),
];
pub(super) const POOLS: &[&str] = &["公共公海分组", "", "华南公海", "O'Hara 公海", "VIP\\"];
pub(super) const AREAS: &[&str] = &["86", "355", "1", "49", "0", "", "+44"];
pub(super) const PEOPLE: &[&str] = &[
    "王小明",
    "Jürgen Müller",
    "Seán O'Neill",
    "María-José",
    "Анна",
    "محمد",
    "李\"老板\"",
    "👩‍🚀 Lin",
    "N. N.",
    "Ng",
    "张伟\\",
];
pub(super) const HOSTS: &[&str] = &["example.com", "example.org", "mail.example.net", "example.cn"];

/// Endings and beginnings that have broken somebody's code before: quotes, backslashes, template and SQL look-alikes,
/// white space that must be trimmed, control characters that must go, letters in decomposed form.
pub(super) const TRAPS: &[&str] = &[
    "O'Neil",
    "\"双引号\"",
    "尾\\",
    "{{customers.email}}",
    "{name}",
    "👩‍🚀🇩🇪",
    "\u{3000}全角空格\u{3000}",
    "tab\there",
    "line\nbreak",
    "crlf\r\nbreak",
    "bell\u{7}and\u{0}nul",
    "_function NOW()",
    "'; DROP TABLE t; -- ",
    "' OR ''='",
    "<b>&amp;</b>",
    "%s %d",
    "\\n\\u0041",
    "e\u{301}tude",
    "مرحبا",
    "${x} $(id) `id`",
    "C:\\temp\\",
    "名“称”",
];
