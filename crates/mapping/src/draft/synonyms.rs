//! Captions that people write for the same thing, beside OKKI's own ones.

use super::Field;
use super::caption::normal;

/// One thing: the ids under which OKKI has it, and what people call it.
pub(super) struct Synonyms {
    ids: &'static [&'static str],
    contact: bool,
    /// Normal captions.
    captions: &'static str,
}

const fn company(ids: &'static [&'static str], captions: &'static str) -> Synonyms {
    Synonyms {
        ids,
        contact: false,
        captions,
    }
}

const fn contact(ids: &'static [&'static str], captions: &'static str) -> Synonyms {
    Synonyms {
        ids,
        contact: true,
        captions,
    }
}

const ALL: &[Synonyms] = &[
    company(
        &["name"],
        "客户名称 公司名称 客户公司名称 企业名称 单位名称 客户全称 公司全称 企业全称 公司名 客户名 名称 全称 客户 公司 companyname \
         customername company customer",
    ),
    company(&["short_name"], "简称 客户简称 公司简称 企业简称 shortname"),
    company(
        &["serial_id"],
        "客户编号 编号 公司编号 客户编码 客户代码 客户号 customerno customercode",
    ),
    company(
        &["company_id"],
        "客户id 公司id okkiid 小满id okki客户id 小满客户id companyid",
    ),
    company(
        &["country"],
        "国家 国家地区 国家或地区 国家及地区 国别 所在国家 所属国家 地区国家 country",
    ),
    company(&["province"], "省份 省 省州 州省 所在省份 province"),
    company(&["city"], "城市 市 所在城市 city"),
    company(
        &["homepage"],
        "公司网址 网址 官网 主页 网站 官方网站 公司网站 公司官网 公司主页 企业网址 website homepage",
    ),
    company(
        &["tel"],
        "座机 电话 公司电话 固定电话 固话 座机号码 电话号码 公司座机 企业电话 tel telephone",
    ),
    company(&["fax"], "传真 传真号 传真号码 公司传真 fax"),
    company(
        &["address"],
        "详细地址 地址 公司地址 客户地址 企业地址 联系地址 通讯地址 通信地址 address",
    ),
    company(
        &["remark"],
        "公司备注 备注 客户备注 备注信息 备注说明 说明 remark remarks notes",
    ),
    company(
        &["origin", "origin_list"],
        "客户来源 来源 来源渠道 客户渠道 获客渠道 客户来源渠道 source",
    ),
    company(&["trail_status"], "客户阶段 阶段 跟进阶段 客户状态 跟进状态"),
    company(&["star"], "客户星级 星级 星级评分"),
    company(&["cus_tag", "tag"], "客户标签 标签 tag tags"),
    company(&["group_id"], "客户分组 分组 客户组 客户组别"),
    company(&["pool_id"], "公海分组 公海 所属公海 公海组"),
    company(
        &["owner"],
        "跟进人 业务员 负责人 归属人 客户经理 客户负责人 销售 销售员 销售人员 销售负责人 所属业务员 跟进业务员",
    ),
    company(
        &["create_time"],
        "创建时间 创建日期 客户创建时间 录入时间 建立时间 createtime",
    ),
    company(&["archive_time"], "建档时间 建档日期"),
    company(
        &["update_time"],
        "更新时间 更新日期 最近更新 最近更新时间 最后更新时间 最新更新时间 修改时间 最后修改时间 updatetime",
    ),
    company(
        &["order_time"],
        "最近联系时间 最近联系 最近联系日期 上次联系时间 最后联系时间",
    ),
    company(
        &["recent_follow_up_time"],
        "最近跟进时间 最近跟进 最近跟进日期 上次跟进时间 最后跟进时间",
    ),
    company(
        &["next_follow_up_time"],
        "下次跟进时间 下次跟进 下次跟进日期 下次日程时间 下次联系时间",
    ),
    company(&["timezone"], "时区 所在时区 timezone"),
    company(
        &["scale_id"],
        "规模 人员规模 公司规模 企业规模 员工规模 员工人数 公司人数",
    ),
    company(
        &["annual_procurement"],
        "年采购额 采购额 年采购金额 年度采购额 采购金额 年采购量",
    ),
    company(&["intention_level"], "采购意向 意向 意向程度 意向度 购买意向"),
    company(&["biz_type"], "客户类型 类型 公司类型 企业类型 客户类别"),
    company(&["category_ids"], "主营产品 主营 主要产品 主营类目 产品类目"),
    company(&["product_group_ids"], "产品分组 产品组"),
    contact(
        &["name"],
        "联系人 昵称 姓名 联系人姓名 联系人名称 联系人昵称 主要联系人 主联系人 contact contactname contactperson",
    ),
    contact(
        &["email"],
        "邮箱 电子邮件 电子邮箱 邮件 邮箱地址 联系邮箱 邮件地址 email mail emailaddress",
    ),
    contact(
        &["tel_list"],
        "联系电话 手机 手机号 手机号码 移动电话 联系方式 电话 mobile mobilephone phone phonenumber",
    ),
    contact(&["post"], "职位 职务 岗位 头衔 position jobtitle"),
    contact(&["post_grade"], "职级"),
    contact(&["gender"], "性别 gender sex"),
    contact(&["birth"], "生日 出生日期 birthday"),
    contact(&["remark"], "联系人备注 备注"),
];

impl Synonyms {
    /// The things that people call so.
    pub(super) fn of(normal: &str, contact: bool) -> impl Iterator<Item = &'static Synonyms> {
        let all = ALL.iter().filter(move |one| one.contact == contact);
        all.filter(move |one| one.captions.split_whitespace().any(|caption| caption == normal))
    }

    /// OKKI has the thing as this field.
    pub(super) fn is_id(&self, field: &Field) -> bool {
        field.contact == self.contact && self.ids.contains(&field.id.as_str())
    }

    /// A field of the account's own that is called so.
    pub(super) fn is_called(&self, field: &Field) -> bool {
        let caption = normal(&field.label);
        field.contact == self.contact && self.captions.split_whitespace().any(|one| one == caption)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_of_the_table_are_normal_and_each_means_one_thing() {
        for contact in [false, true] {
            let mut seen = std::collections::BTreeSet::new();
            let all = ALL.iter().filter(|one| one.contact == contact);
            for caption in all.flat_map(|one| one.captions.split_whitespace()) {
                assert_eq!(normal(caption), caption);
                assert!(seen.insert(caption), "{caption} twice");
            }
        }
    }
}
