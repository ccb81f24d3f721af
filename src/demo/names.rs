//! The words that made-up companies and people are named with.

pub(super) const COMPANY_FIRST: [&str; 40] = [
    "Acme",
    "Birch",
    "Cobalt",
    "Delta",
    "Ember",
    "Falcon",
    "Granite",
    "Harbor",
    "Indigo",
    "Juniper",
    "Kestrel",
    "Lumen",
    "Maple",
    "Nimbus",
    "Orchid",
    "Pioneer",
    "Quartz",
    "Raven",
    "Summit",
    "Tidal",
    "Umber",
    "Vertex",
    "Willow",
    "Xenon",
    "Yarrow",
    "Zephyr",
    "Alpine",
    "Beacon",
    "Cedar",
    "Dune",
    "Echo",
    "Fjord",
    "Glacier",
    "Hazel",
    "Iris",
    "Jade",
    "Lotus",
    "Meridian",
    "Northwind",
    "Opal",
];

pub(super) const COMPANY_LAST: [&str; 12] = [
    "Analytics",
    "Bank",
    "Clinics",
    "Corp",
    "Energy",
    "Foods",
    "Games",
    "Group",
    "Labs",
    "Logistics",
    "Media",
    "Works",
];

pub(super) const FIRST_NAMES: [&str; 36] = [
    "Ada", "Ben", "Chloé", "Diego", "Elif", "Farah", "Grace", "Hiro", "Ines", "Jonas", "Kofi", "Lena", "Mateo",
    "Nadia", "Omar", "Priya", "Quinn", "Rosa", "Sven", "Tariq", "Uma", "Victor", "Wanda", "Xin", "Yara", "Zoé", "Aiko",
    "Bruno", "Clara", "Dmitri", "Emma", "Felix", "Gita", "Hugo", "Ivy", "Jamal",
];

pub(super) const LAST_NAMES: [&str; 30] = [
    "Adler", "Bauer", "Castro", "Dubois", "Eriksen", "Fischer", "García", "Haddad", "Ito", "Jensen", "Khan", "Lopez",
    "Müller", "Nguyen", "Okafor", "Park", "Quispe", "Rossi", "Silva", "Tanaka", "Ueda", "Vogel", "Weber", "Xu",
    "Yilmaz", "Zhang", "Abebe", "Brandt", "Costa", "Devi",
];

/// Industries with how many companies of a hundred are in each.
pub(super) const INDUSTRIES: [(&str, u32); 6] =
    [("software", 34), ("finance", 18), ("retail", 16), ("health", 14), ("media", 10), ("logistics", 8)];

/// A country, and how many hours its clocks are ahead of UTC.
#[derive(Clone, Copy, Debug)]
pub(super) struct Country {
    pub code: &'static str,
    pub hours_ahead: i64,
}

/// Countries by how many companies of a hundred are in each.
pub(super) const COUNTRIES: [(Country, u32); 7] = [
    (Country { code: "US", hours_ahead: -6 }, 34),
    (Country { code: "DE", hours_ahead: 1 }, 20),
    (Country { code: "GB", hours_ahead: 0 }, 14),
    (Country { code: "FR", hours_ahead: 1 }, 10),
    (Country { code: "BR", hours_ahead: -3 }, 8),
    (Country { code: "IN", hours_ahead: 5 }, 8),
    (Country { code: "JP", hours_ahead: 9 }, 6),
];

/// Where people come from who were not invited.
pub(super) const SOURCES: [(&str, u32); 5] =
    [("search", 38), ("ad", 24), ("friend", 18), ("blog", 12), ("marketplace", 8)];

pub(super) const PAGES: [(&str, u32); 5] =
    [("/", 40), ("/pricing", 25), ("/features", 20), ("/docs", 10), ("/customers", 5)];

pub(super) const TEMPLATES: [(&str, u32); 5] =
    [("blank", 40), ("sales_pipeline", 22), ("roadmap", 18), ("support_desk", 12), ("okr", 8)];

/// Features and how often each is used; `ai_chart` comes later and has its own rule.
pub(super) const FEATURES: [(&str, u32); 8] = [
    ("dashboard", 30),
    ("filters", 20),
    ("comments", 14),
    ("share_link", 10),
    ("sql_editor", 9),
    ("alerts", 7),
    ("csv_import", 6),
    ("api", 4),
];

pub(super) const REPORTS: [(&str, u32); 4] = [("overview", 50), ("weekly", 25), ("funnel", 15), ("forecast", 10)];

pub(super) const TOPICS: [(&str, u32); 4] = [("billing", 35), ("import", 30), ("permissions", 20), ("performance", 15)];

pub(super) const ROLES: [(&str, u32); 4] = [("editor", 50), ("viewer", 32), ("analyst", 12), ("admin", 6)];

pub(super) const DEVICES: [(&str, u32); 3] = [("desktop", 78), ("mobile", 17), ("tablet", 5)];
