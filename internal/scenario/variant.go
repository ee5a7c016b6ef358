package scenario

import "fmt"

func setOrder(p *Params, v string) error { return p.Protocol.Variant.Order.Set(v) }

func showOrder(p *Params) string {
	if o := p.Protocol.Variant.Order; o != 0 {
		return o.String()
	}
	return ""
}

func setFlow(p *Params, v string) error {
	switch v {
	case "", "aimd", "none":
		p.Protocol.Variant.Uncontrolled = v == "none"
		return nil
	}
	return fmt.Errorf("%q: there are aimd and none", v)
}

func showFlow(p *Params) string {
	if p.Protocol.Variant.Uncontrolled {
		return "none"
	}
	return ""
}
