//! The Cedar schema and the entity types and actions that it declares, parsed once for the whole
//! process. What `arguments` looks like is added for each policy.

use std::sync::LazyLock;

use cedar_policy::{EntityId, EntityTypeName, EntityUid, Schema, SchemaFragment};
use serde_json::{Value, json};

use super::question::{Action, TargetKind};

/// The schema's text, for the reference and for editors.
pub(super) const SCHEMA: &str = include_str!("../../rulesets/access/schema.cedarschema");

/// What the schema declares, in Cedar's types.
pub(super) struct Vocabulary {
    pub(super) schema: Schema,
    fragment: SchemaFragment,
    pub(super) agent: EntityTypeName,
    pub(super) group: EntityTypeName,
    pub(super) server: EntityTypeName,
    pub(super) proof: EntityTypeName,
    pub(super) risk: EntityTypeName,
    targets: [EntityTypeName; 3],
    actions: [EntityUid; 2],
}

/// The one vocabulary. It is a constant of the program, so a defect in it shows in every test.
pub(super) static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(Vocabulary::read);

impl Vocabulary {
    fn read() -> Self {
        let (fragment, _) =
            SchemaFragment::from_cedarschema_str(SCHEMA).expect("the embedded schema parses");
        let schema = with_arguments(&fragment, &json!({"type": "Record", "attributes": {}}))
            .expect("the embedded schema is complete");
        let action = entity_type("Action");
        Self {
            schema,
            fragment,
            agent: entity_type("Agent"),
            group: entity_type("Group"),
            server: entity_type("Server"),
            proof: entity_type("Proof"),
            risk: entity_type("Risk"),
            targets: TargetKind::ALL.map(|kind| entity_type(kind.entity_type())),
            actions: Action::ALL.map(|id| entity(&action, id.as_str())),
        }
    }

    /// The entity type of a kind of target.
    pub(super) fn target(&self, kind: TargetKind) -> &EntityTypeName {
        &self.targets[kind as usize]
    }

    /// The kind of target that an entity type stands for.
    pub(super) fn kind(&self, name: &EntityTypeName) -> Option<TargetKind> {
        TargetKind::ALL.into_iter().find(|kind| self.target(*kind) == name)
    }

    /// The Cedar action.
    pub(super) fn action(&self, action: Action) -> &EntityUid {
        &self.actions[action as usize]
    }

    /// The schema with `context.arguments` of a type in Cedar's JSON schema format.
    pub(super) fn with_arguments(&self, arguments: &Value) -> Result<Schema, String> {
        with_arguments(&self.fragment, arguments)
    }
}

/// An entity of a type.
pub(super) fn entity(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn entity_type(name: &str) -> EntityTypeName {
    name.parse().expect("a plain identifier is an entity type name")
}

fn with_arguments(fragment: &SchemaFragment, arguments: &Value) -> Result<Schema, String> {
    let types = json!({"": {
        "commonTypes": {"Arguments": arguments}, "entityTypes": {}, "actions": {},
    }});
    let types = SchemaFragment::from_json_value(types).map_err(|error| error.to_string())?;
    Schema::from_schema_fragments([fragment.clone(), types]).map_err(|error| error.to_string())
}
