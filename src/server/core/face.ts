/** How one face of a kind's objects is read and changed: the main resource, status, scale ... */
import type { FieldError } from "../../api/errors.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { WriteContext } from "../../api/kind.ts";

/** What an update through this face may change. All functions get unfrozen objects and change them in place. */
export interface UpdateRules {
  /** Whether defaults are filled in and warnings given: the whole object comes from the client. */
  readonly whole: boolean;
  /** What changes through this face is no new generation. */
  readonly keepsGeneration?: true;
  /** Puts back what this face may not change. Metadata that is the server's own is carried over already. */
  prepare(object: AnyObject, old: AnyObject, context: WriteContext): void;
  /** Everything wrong with the change; metadata is checked by the caller. */
  validate(object: AnyObject, old: AnyObject): FieldError[];
}

/** One way to see and change an object. */
export interface Face {
  /** As in the path and in managedFields; "" for the main resource. */
  readonly name: string;
  /** The form in which clients see it. Absent: the object itself. */
  readonly form?: {
    /** The type of the form in the field tables. */
    readonly schema: string;
    readonly group: string;
    readonly kind: string;
    read(object: AnyObject): AnyObject;
    /** Takes what the body says over into the object, which is unfrozen. */
    write(body: AnyObject, object: AnyObject): void;
    /** Everything wrong with a body by itself. */
    validate(body: AnyObject): FieldError[];
  };
  /** Served to GET. */
  readonly readable: boolean;
  /** Absent: neither PUT nor PATCH. */
  readonly update?: UpdateRules;
}
