//! What a policy reads of `context.arguments`, and of which type, told from the policy itself.
//!
//! Arguments differ by tool, so no schema can name them once for all. Each policy that reads some
//! is validated against a schema in which `arguments` has exactly the fields it reads: a field
//! that is compared with a number is a `Long`, one that is matched with `like` a `String`, and so
//! on. Everything else in the policy is held to the schema as strictly as ever. A field that is
//! asked for with `has` is optional, and the validator then wants every use of it guarded. Where a
//! tool's own `inputSchema` is known, [`Reads::declaration`] is the one place to put it instead.

use std::collections::BTreeMap;

use cedar_policy::Policy;
use cedar_policy::pst::{BinaryOp, Clause, Expr, Literal, UnaryOp, Var};
use serde_json::{Value, json};

/// What a policy reads of the context.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// It names `context` at all, so its answer holds for one moment only.
    pub(super) context: bool,
    /// It reads arguments, or may: it uses the context as a whole.
    pub(super) arguments: bool,
    fields: BTreeMap<String, Field>,
}

/// How a value is used, as far as one expression tells.
#[derive(Clone, Debug, Default, PartialEq)]
enum Use {
    #[default]
    Unknown,
    Truth,
    Long,
    Text,
    Set(Box<Use>),
}

#[derive(Debug, Default)]
struct Field {
    used: Use,
    optional: bool,
    fields: BTreeMap<String, Field>,
}

impl Reads {
    /// Walks a policy's conditions.
    pub(super) fn of(policy: &Policy) -> Self {
        let mut reads = Self::default();
        match policy.to_pst() {
            Ok(tree) => {
                for Clause::When(condition) | Clause::Unless(condition) in tree.body().clauses() {
                    reads.visit(condition, &Use::Truth);
                }
            }
            // A policy without a tree is taken to read everything, so nothing is kept for it.
            Err(_) => (reads.context, reads.arguments) = (true, true),
        }
        reads
    }

    /// The type of `context.arguments` for this policy, in Cedar's JSON schema format.
    pub(super) fn declaration(&self) -> Value {
        declare_record(&self.fields)
    }

    fn visit(&mut self, expr: &Expr, expected: &Use) {
        if let Some(path) = argument_path(expr) {
            return self.note(&path, expected);
        }
        match expr {
            Expr::Var(Var::Context) => (self.context, self.arguments) = (true, true),
            Expr::UnaryOp { op, expr } => self.visit(expr, &operand(*op)),
            Expr::BinaryOp { op, left, right } => self.visit_binary(*op, left, right),
            Expr::GetAttr { expr, attr } => self.visit_attribute(expr, attr),
            Expr::HasAttr { expr, attrs } => {
                self.visit_has(expr, &attrs.iter().map(AsRef::as_ref).collect::<Vec<_>>());
            }
            Expr::Like { expr, .. } => self.visit(expr, &Use::Text),
            Expr::Is { expr, in_expr, .. } => {
                self.visit(expr, &Use::Unknown);
                in_expr.iter().for_each(|parent| self.visit(parent, &Use::Unknown));
            }
            Expr::IfThenElse { cond, then_expr, else_expr } => {
                self.visit(cond, &Use::Truth);
                self.visit(then_expr, expected);
                self.visit(else_expr, expected);
            }
            Expr::Set(items) => {
                let element = if let Use::Set(element) = expected { element } else { expected };
                items.iter().for_each(|item| self.visit(item, element));
            }
            Expr::Record(fields) => {
                fields.values().for_each(|field| self.visit(field, &Use::Unknown));
            }
            Expr::Var(_) | Expr::Literal(_) | Expr::Slot(_) => {}
            // A kind of expression that is not known here may read anything.
            _ => (self.context, self.arguments) = (true, true),
        }
    }

    fn visit_attribute(&mut self, expr: &Expr, attribute: &str) {
        match expr {
            // `arguments` itself is an argument path and never comes here.
            Expr::Var(Var::Context) if attribute != "arguments" => self.context = true,
            _ => self.visit(expr, &Use::Unknown),
        }
    }

    fn visit_has(&mut self, expr: &Expr, attributes: &[&str]) {
        let mut path = match (expr, attributes) {
            (Expr::Var(Var::Context), ["arguments", ..]) => Vec::new(),
            (Expr::Var(Var::Context), _) => {
                self.context = true;
                return;
            }
            _ => match argument_path(expr) {
                Some(path) => path,
                None => return self.visit(expr, &Use::Unknown),
            },
        };
        let asked = match expr {
            Expr::Var(Var::Context) => attributes.get(1..).unwrap_or_default(),
            _ => attributes,
        };
        self.note(&path, &Use::Unknown);
        for attribute in asked {
            path.push(attribute);
            self.note(&path, &Use::Unknown);
            if let Some(field) = self.field(&path) {
                field.optional = true;
            }
        }
    }

    fn visit_binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr) {
        let (left_use, right_use) = match op {
            BinaryOp::Eq | BinaryOp::NotEq => (shape(right), shape(left)),
            BinaryOp::And | BinaryOp::Or => (Use::Truth, Use::Truth),
            BinaryOp::Less
            | BinaryOp::LessEq
            | BinaryOp::Greater
            | BinaryOp::GreaterEq
            | BinaryOp::Add
            | BinaryOp::Sub
            | BinaryOp::Mul => (Use::Long, Use::Long),
            BinaryOp::Contains => {
                let element =
                    if let Use::Set(element) = shape(left) { *element } else { Use::Unknown };
                (Use::Set(Box::new(shape(right))), element)
            }
            BinaryOp::ContainsAll | BinaryOp::ContainsAny => (set_like(right), set_like(left)),
            _ => (Use::Unknown, Use::Unknown),
        };
        self.visit(left, &left_use);
        self.visit(right, &right_use);
    }

    fn note(&mut self, path: &[&str], used: &Use) {
        (self.context, self.arguments) = (true, true);
        if let Some(field) = self.field(path)
            && matches!(&field.used, Use::Unknown)
        {
            field.used = used.clone();
        }
    }

    /// The field at a path, made where it is missing; none for the arguments as a whole.
    fn field(&mut self, path: &[&str]) -> Option<&mut Field> {
        let (last, parents) = path.split_last()?;
        let mut fields = &mut self.fields;
        for parent in parents {
            fields = &mut fields.entry((*parent).to_owned()).or_default().fields;
        }
        Some(fields.entry((*last).to_owned()).or_default())
    }
}

/// The path below `context.arguments` that an expression reads.
fn argument_path(expr: &Expr) -> Option<Vec<&str>> {
    let Expr::GetAttr { expr, attr } = expr else { return None };
    if matches!(&**expr, Expr::Var(Var::Context)) {
        return (attr == "arguments").then(Vec::new);
    }
    let mut path = argument_path(expr)?;
    path.push(attr);
    Some(path)
}

fn operand(op: UnaryOp) -> Use {
    match op {
        UnaryOp::Not => Use::Truth,
        UnaryOp::Neg => Use::Long,
        UnaryOp::IsEmpty => Use::Set(Box::default()),
        _ => Use::Text,
    }
}

/// The type that an expression visibly has; unknown for an argument.
fn shape(expr: &Expr) -> Use {
    match expr {
        Expr::Literal(Literal::Bool(_)) | Expr::HasAttr { .. } | Expr::Like { .. } => Use::Truth,
        Expr::Literal(Literal::Long(_)) => Use::Long,
        Expr::Literal(Literal::String(_)) => Use::Text,
        Expr::Set(items) => {
            Use::Set(Box::new(items.first().map(|item| shape(item)).unwrap_or_default()))
        }
        Expr::UnaryOp { op: UnaryOp::Neg, .. } => Use::Long,
        Expr::BinaryOp { op: BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, .. } => Use::Long,
        Expr::GetAttr { expr, attr } => match (&**expr, attr.as_str()) {
            (Expr::Var(Var::Context), "time" | "hour" | "weekday") => Use::Long,
            (Expr::Var(Var::Resource), "classes") => Use::Set(Box::new(Use::Text)),
            _ => Use::Unknown,
        },
        _ => Use::Unknown,
    }
}

fn set_like(expr: &Expr) -> Use {
    match shape(expr) {
        set @ Use::Set(_) => set,
        _ => Use::Set(Box::default()),
    }
}

fn declare_record(fields: &BTreeMap<String, Field>) -> Value {
    let attributes = fields.iter().map(|(name, field)| {
        let mut declared = if field.fields.is_empty() {
            declare(&field.used)
        } else {
            declare_record(&field.fields)
        };
        if let Value::Object(attribute) = &mut declared {
            attribute.insert("required".to_owned(), Value::Bool(!field.optional));
        }
        (name.clone(), declared)
    });
    json!({"type": "Record", "attributes": Value::Object(attributes.collect())})
}

/// A use that tells nothing is a string: most arguments are, and a wrong guess is refused at load.
fn declare(used: &Use) -> Value {
    match used {
        Use::Unknown | Use::Text => json!({"type": "String"}),
        Use::Truth => json!({"type": "Boolean"}),
        Use::Long => json!({"type": "Long"}),
        Use::Set(element) => json!({"type": "Set", "element": declare(element)}),
    }
}
