//! What a database holds and what its views, functions and casts reach, for the guard.

mod queries;

use std::collections::HashMap;
use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;
use std::sync::Arc;

use tokio_postgres::Row;

use self::queries::BODIES_CALL;
use self::queries::CASTS;
use self::queries::CHECKS;
use self::queries::COLUMNS;
use self::queries::DEFAULTS;
use self::queries::FINGERPRINT;
use self::queries::FOREIGN;
use self::queries::FOREIGN_COLUMNS;
use self::queries::FUNCTIONS;
use self::queries::GENERATED;
use self::queries::HOLDS;
use self::queries::OPERATORS;
use self::queries::PARENTS;
use self::queries::PARTS;
use self::queries::RELATIONS;
use self::queries::RULES_CALL;
use self::queries::RULES_OF_COLUMNS;
use self::queries::RULES_OF_ROWS;
use self::queries::RULES_READ;
use self::queries::TYPES;
use super::Error;
use super::reader::Reader;
use crate::sql::objects::Attribute;
use crate::sql::objects::Cast;
use crate::sql::objects::Column;
use crate::sql::objects::FIRST_NORMAL_OID;
use crate::sql::objects::Foreign;
use crate::sql::objects::Function;
use crate::sql::objects::NamedType;
use crate::sql::objects::Objects;
use crate::sql::objects::Operator;
use crate::sql::objects::Relation;

/// What changes whenever the objects do; much cheaper to ask for. `reader` must have begun.
pub(super) async fn fingerprint(reader: &Reader) -> Result<String, Error> {
    Ok(reader.text(FINGERPRINT).await?.unwrap_or_default())
}

/// Reads the objects; `reader` must have begun.
pub(super) async fn read(reader: &Reader) -> Result<Objects, Error> {
    let mut reading = Reading::default();
    reading.relations(reader).await?;
    reading.foreign(reader).await?;
    reading.functions(reader).await?;
    reading.rules(reader).await?;
    reading.types(reader).await?;
    let mut objects = reading.objects;
    objects.version = version(&objects);
    objects.index();
    Ok(objects)
}

fn version(objects: &Objects) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&objects.relations, &objects.functions).hash(&mut hasher);
    (&objects.operators, &objects.casts, &objects.types).hash(&mut hasher);
    // 0 stands for no objects.
    hasher.finish().max(1)
}

/// The objects read so far, and where they are by their oids.
#[derive(Debug, Default)]
struct Reading {
    objects: Objects,
    relations: HashMap<u32, usize>,
    functions: HashMap<u32, usize>,
    names: HashMap<String, Arc<str>>,
}

impl Reading {
    async fn relations(&mut self, reader: &Reader) -> Result<(), Error> {
        for row in reader.query(RELATIONS, &[]).await? {
            let relation = Relation {
                oid: row.try_get(0)?,
                schema: self.name(&row, 1)?,
                name: self.name(&row, 2)?,
                row_type: row.try_get(3)?,
                ..Relation::default()
            };
            self.relations
                .insert(relation.oid, self.objects.relations.len());
            self.objects.relations.push(relation);
        }
        for row in reader.query(COLUMNS, &[]).await? {
            let column = Column {
                name: self.name(&row, 1)?,
                attnum: row.try_get(2)?,
                type_oid: row.try_get(3)?,
            };
            if let Some(at) = self.relation(&row, 0)? {
                self.objects.relations[at].columns.push(column);
            }
        }
        for row in reader.query(PARENTS, &[]).await? {
            if let (Some(child), Some(parent)) = (self.relation(&row, 0)?, self.relation(&row, 1)?)
            {
                self.objects.relations[child].parents.push(parent);
            }
        }
        for row in reader.query(GENERATED, &[]).await? {
            if let Some(at) = self.relation(&row, 0)? {
                let pair = (row.try_get(1)?, row.try_get(2)?);
                self.objects.relations[at].generated.push(pair);
            }
        }
        Ok(())
    }

    async fn foreign(&mut self, reader: &Reader) -> Result<(), Error> {
        for row in reader.query(FOREIGN, &[]).await? {
            if let Some(at) = self.relation(&row, 0)? {
                let option = |index| Ok::<_, Error>(row.try_get::<_, Option<&str>>(index)?);
                self.objects.relations[at].foreign = Some(Box::new(Foreign {
                    schema: option(1)?.map(Arc::from),
                    name: option(2)?.map(Arc::from),
                    columns: Vec::new(),
                }));
            }
        }
        for row in reader.query(FOREIGN_COLUMNS, &[]).await? {
            let column = (row.try_get(1)?, self.name(&row, 2)?);
            if let Some(at) = self.relation(&row, 0)?
                && let Some(foreign) = &mut self.objects.relations[at].foreign
            {
                foreign.columns.push(column);
            }
        }
        Ok(())
    }

    async fn functions(&mut self, reader: &Reader) -> Result<(), Error> {
        for row in reader.query(FUNCTIONS, &[]).await? {
            let oid: u32 = row.try_get(0)?;
            let function = Function {
                schema: self.name(&row, 1)?,
                name: self.name(&row, 2)?,
                transparent: row.try_get(3)?,
                attribute: match row.try_get::<_, i32>(4)? {
                    0 => Attribute::No,
                    1 => Attribute::OfValue,
                    _ => Attribute::OfRow,
                },
                volatile: row.try_get(5)?,
                body: row.try_get::<_, Option<&str>>(6)?.map(Arc::from),
                calls: Vec::new(),
            };
            self.functions.insert(oid, self.objects.functions.len());
            self.objects.functions.push(function);
        }
        let parts = reader.query(PARTS, &[]).await?;
        let defaults = reader.query(DEFAULTS, &[]).await?;
        let bodies = reader.query(BODIES_CALL, &[]).await?;
        for row in parts.iter().chain(&defaults).chain(&bodies) {
            if let (Some(whole), Some(part)) = (self.function(row, 0)?, self.function(row, 1)?) {
                self.objects.functions[whole].calls.push(part);
            }
        }
        for row in reader.query(OPERATORS, &[]).await? {
            let symbol = self.name(&row, 0)?;
            if let Some(function) = self.function(&row, 1)? {
                let operands = [row.try_get(2)?, row.try_get(3)?];
                self.objects.operators.push(Operator {
                    symbol,
                    function,
                    operands,
                });
            }
        }
        Ok(())
    }

    async fn rules(&mut self, reader: &Reader) -> Result<(), Error> {
        for row in reader.query(RULES_READ, &[]).await? {
            if let (Some(view), Some(read)) = (self.relation(&row, 0)?, self.relation(&row, 1)?)
                && view != read
            {
                self.objects.relations[view].reads.push(read);
            }
        }
        for row in reader.query(RULES_CALL, &[]).await? {
            if let (Some(view), Some(called)) = (self.relation(&row, 0)?, self.function(&row, 1)?) {
                self.objects.relations[view].calls.push(called);
            }
        }
        for row in reader.query(RULES_OF_COLUMNS, &[]).await? {
            if let (Some(view), Some(read)) = (self.relation(&row, 0)?, self.relation(&row, 1)?) {
                let column = (read, row.try_get(2)?);
                self.objects.relations[view].reads_columns.push(column);
            }
        }
        for row in reader.query(RULES_OF_ROWS, &[]).await? {
            if let Some(view) = self.relation(&row, 0)? {
                self.objects.relations[view].reads_rows = true;
            }
        }
        Ok(())
    }

    async fn types(&mut self, reader: &Reader) -> Result<(), Error> {
        for row in reader.query(CASTS, &[]).await? {
            if let Some(function) = self.function(&row, 2)? {
                self.objects.casts.push(Cast {
                    source: row.try_get(0)?,
                    target: row.try_get(1)?,
                    function,
                    implicit: row.try_get(3)?,
                });
            }
        }
        let mut places = HashMap::new();
        for row in reader.query(TYPES, &[]).await? {
            let oid = row.try_get(0)?;
            places.insert(oid, self.objects.types.len());
            let name = self.name(&row, 1)?;
            self.objects.types.push(NamedType {
                oid,
                name,
                is_built_in: oid < FIRST_NORMAL_OID,
                checks: Vec::new(),
                holds: Vec::new(),
            });
        }
        for row in reader.query(HOLDS, &[]).await? {
            if let Some(&place) = places.get(&row.try_get::<_, u32>(0)?) {
                self.objects.types[place].holds.push(row.try_get(1)?);
            }
        }
        for row in reader.query(CHECKS, &[]).await? {
            let place = places.get(&row.try_get::<_, u32>(0)?);
            if let (Some(&place), Some(called)) = (place, self.function(&row, 1)?) {
                self.objects.types[place].checks.push(called);
            }
        }
        Ok(())
    }

    /// Most names occur many times: one copy of each is enough.
    fn name(&mut self, row: &Row, index: usize) -> Result<Arc<str>, Error> {
        let name: &str = row.try_get(index)?;
        if let Some(known) = self.names.get(name) {
            return Ok(Arc::clone(known));
        }
        let shared: Arc<str> = Arc::from(name);
        self.names.insert(name.to_owned(), Arc::clone(&shared));
        Ok(shared)
    }

    fn relation(&self, row: &Row, index: usize) -> Result<Option<usize>, Error> {
        Ok(self.relations.get(&row.try_get(index)?).copied())
    }

    fn function(&self, row: &Row, index: usize) -> Result<Option<usize>, Error> {
        Ok(self.functions.get(&row.try_get(index)?).copied())
    }
}
