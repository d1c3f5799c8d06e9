//! Checks on what a pattern captured: check digits, checksums, structure and entropy.

use serde::Deserialize;

mod american;
mod asian;
mod card;
mod digits;
mod european;
mod iban;
mod nordic;
mod southern;
mod token;

pub(super) use token::checksum_of;

#[cfg(test)]
mod tests;

/// A check that a capture must pass. Spaces and punctuation between its characters don't count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Validate {
    /// No check.
    #[default]
    None,
    /// ISO/IEC 7812-1: 12 to 19 digits, not all the same.
    Luhn,
    /// As `luhn`, with the issuer's first digits and the length that belongs to it.
    PaymentCard,
    /// ISO 7064 MOD 97-10 as IBAN (ISO 13616) uses it: 15 to 34 letters and digits.
    Mod97,
    /// As `mod97`, with the length that the IBAN registry gives for the country.
    Iban,
    /// Tokens of GitHub and npm: the last six characters are the CRC-32 of those between the
    /// prefix and them, in base 62.
    Crc32Base62,
    /// RFC 7515: the first part is a JSON object in base64url that names its algorithm.
    JsonWebToken,
    /// A JSON object in base64 or base64url.
    Base64Json,
    /// Germany, Steuer-Identifikationsnummer.
    DeTaxId,
    /// France, numéro de sécurité sociale (NIR).
    FrSocialSecurity,
    /// Spain, DNI and NIE.
    EsIdentity,
    /// Italy, codice fiscale.
    ItFiscalCode,
    /// Portugal, NIF.
    PtTaxId,
    /// Netherlands, burgerservicenummer.
    NlCitizen,
    /// Belgium, Rijksregisternummer.
    BeNational,
    /// Poland, PESEL.
    PlPesel,
    /// Sweden, personnummer.
    SePersonal,
    /// Finland, henkilötunnus.
    FiPersonal,
    /// Denmark, CPR number: its date, since the check digit was given up in 2007.
    DkPersonal,
    /// Norway, fødselsnummer.
    NoBirth,
    /// Switzerland, AHV number.
    ChSocialSecurity,
    /// Austria, Sozialversicherungsnummer.
    AtSocialSecurity,
    /// United Kingdom, National Insurance number: its prefix, it has no check digit.
    UkNationalInsurance,
    /// United Kingdom, NHS number.
    UkHealth,
    /// United States, social security number: its ranges, it has no check digit.
    UsSocialSecurity,
    /// United States, bank routing number (ABA).
    UsRouting,
    /// Canada, social insurance number.
    CaSocialInsurance,
    /// Brazil, CPF.
    BrCpf,
    /// Brazil, CNPJ.
    BrCnpj,
    /// Mexico, CURP.
    MxCurp,
    /// India, Aadhaar.
    InAadhaar,
    /// South Korea, resident registration number: its date and century, and before October 2020
    /// its check digit.
    KrResident,
    /// Japan, individual number.
    JpIndividual,
    /// China, resident identity number.
    CnResident,
    /// Turkey, T.C. kimlik numarası.
    TrIdentity,
    /// Australia, tax file number.
    AuTaxFile,
    /// Australia, Medicare number.
    AuMedicare,
    /// South Africa, identity number.
    ZaIdentity,
}

impl Validate {
    /// Whether `text` passes.
    pub(super) fn accepts(self, text: &str) -> bool {
        let check: fn(&str) -> bool = match self {
            Self::None => return true,
            Self::Luhn => card::luhn,
            Self::PaymentCard => card::payment_card,
            Self::Mod97 => iban::mod97,
            Self::Iban => iban::iban,
            Self::Crc32Base62 => token::crc32_base62,
            Self::JsonWebToken => token::json_web_token,
            Self::Base64Json => token::base64_json,
            Self::DeTaxId => european::de_tax_id,
            Self::FrSocialSecurity => european::fr_social_security,
            Self::EsIdentity => european::es_identity,
            Self::ItFiscalCode => european::it_fiscal_code,
            Self::PtTaxId => european::pt_tax_id,
            Self::NlCitizen => european::nl_citizen,
            Self::BeNational => european::be_national,
            Self::PlPesel => european::pl_pesel,
            Self::SePersonal => nordic::se_personal,
            Self::FiPersonal => nordic::fi_personal,
            Self::DkPersonal => nordic::dk_personal,
            Self::NoBirth => nordic::no_birth,
            Self::ChSocialSecurity => european::ch_social_security,
            Self::AtSocialSecurity => european::at_social_security,
            Self::UkNationalInsurance => european::uk_national_insurance,
            Self::UkHealth => european::uk_health,
            Self::UsSocialSecurity => american::us_social_security,
            Self::UsRouting => american::us_routing,
            Self::CaSocialInsurance => american::ca_social_insurance,
            Self::BrCpf => american::br_cpf,
            Self::BrCnpj => american::br_cnpj,
            Self::MxCurp => american::mx_curp,
            Self::InAadhaar => asian::in_aadhaar,
            Self::KrResident => asian::kr_resident,
            Self::JpIndividual => asian::jp_individual,
            Self::CnResident => asian::cn_resident,
            Self::TrIdentity => asian::tr_identity,
            Self::AuTaxFile => southern::au_tax_file,
            Self::AuMedicare => southern::au_medicare,
            Self::ZaIdentity => southern::za_identity,
        };
        check(text)
    }
}

/// Shannon entropy in bits per character.
pub(super) fn entropy(text: &str) -> f64 {
    let mut characters: Vec<char> = text.chars().collect();
    characters.sort_unstable();
    let total = characters.len() as f64;
    let share = |run: &[char]| run.len() as f64 / total;
    characters.chunk_by(|a, b| a == b).map(share).map(|share| -share * share.log2()).sum()
}
