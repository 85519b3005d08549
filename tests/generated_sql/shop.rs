//! The schema that the tables of statements are about.

use pgparley::guard::Refusal;
use pgparley::guard::generated::check;
use pgparley::sql::schema::Column;
use pgparley::sql::schema::Schema;
use pgparley::sql::schema::Table;
use pgparley::sql::schema::TypeKind;

fn column(name: &str, kind: TypeKind, type_name: &str) -> Column {
    Column {
        name: name.to_owned(),
        kind,
        type_name: type_name.to_owned(),
        ..Column::default()
    }
}

fn table(oid: u32, schema: &str, name: &str, columns: Vec<Column>) -> Table {
    Table {
        oid,
        schema: schema.to_owned(),
        name: name.to_owned(),
        columns,
        ..Table::default()
    }
}

/// A shop: `public.orders`, `public.customers`, `sales."Big Deals"`, and `regions` twice.
pub(crate) fn shop() -> Schema {
    let mut status = column("status", TypeKind::Enum, "public.order_status");
    status.enum_labels = ["open".to_owned(), "paid".to_owned()].into();
    let id = || column("id", TypeKind::Integer, "integer");
    let name = || column("name", TypeKind::Text, "text");
    let orders = vec![
        id(),
        column("customer_id", TypeKind::Integer, "integer"),
        column("total", TypeKind::Number, "numeric(10,2)"),
        column(
            "created_at",
            TypeKind::TimestampTz,
            "timestamp with time zone",
        ),
        status,
        column("tags", TypeKind::Other, "text[]"),
        column("data", TypeKind::Json, "jsonb"),
        column("place", TypeKind::Other, "public.geometry"),
        column("order", TypeKind::Integer, "integer"),
    ];
    Schema {
        tables: vec![
            table(1, "public", "customers", vec![id(), name()]),
            table(2, "public", "orders", orders),
            table(
                3,
                "sales",
                "Big Deals",
                vec![id(), column("Deal Size", TypeKind::Number, "numeric")],
            ),
            table(4, "sales", "leads", vec![id(), name()]),
            table(5, "east", "regions", vec![id()]),
            table(6, "west", "regions", vec![id()]),
            table(
                7,
                "public",
                "x; drop table audit; --",
                vec![column("a\" ; delete", TypeKind::Integer, "integer")],
            ),
        ],
        ..Schema::default()
    }
}

/// The statement anew; it must be accepted.
pub(crate) fn written(sql: &str) -> String {
    match check(sql, &shop()) {
        Ok(checked) => checked.sql,
        Err(refusal) => panic!("{sql}\nrefused: {refusal:?}"),
    }
}

/// Why the statement is refused; it must be.
pub(crate) fn refused(sql: &str) -> Refusal {
    match check(sql, &shop()) {
        Ok(checked) => panic!("{sql}\nwritten: {}", checked.sql),
        Err(refusal) => refusal,
    }
}
